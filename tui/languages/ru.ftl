# Русский. Те же ключи и переменные, что в en.ftl.


## Lists and their sections

list-queue = Очередь
list-mine = Мои
list-others = Коллеги
list-closed = Закрытые
list-section-awaiting = ждут ответа
list-section-snoozed = отложенные
list-empty-queue = Никто не ждёт
list-empty-mine = У вас нет чатов; c возьмёт самый давний из очереди
list-empty-others = У коллег нет чатов
list-empty-closed = Закрытых чатов нет
list-empty-filter = По запросу «{ $query }» ничего нет
list-more = ещё { $count }
list-sort-waiting = порядок: ожидание
list-oldest-first = сначала давние
list-you-wrote = вы: { $text }
list-colleague-wrote = { $name }: { $text }
list-draft = черновик
list-drafts = { $count ->
        [one] черновик в { $count } чате
        [few] черновики в { $count } чатах
       *[many] черновики в { $count } чатах
    }
list-failed = не отправлено
list-blocked = заблокирован
list-window-left = на ответ { $time }
list-window-closed = окно закрыто
list-filter = фильтр: { $query }

## Durations, 4 cells wide at most

time-under-minute = <1м
time-minutes = { $count }м
time-hours = { $count }ч
time-days = { $count }д
time-seconds = { $count }с
time-today = сегодня
time-yesterday = вчера
time-forever = навсегда

## Words with numbers

count-chats = { $count ->
        [one] { $count } чат
        [few] { $count } чата
       *[many] { $count } чатов
    }
count-messages = { $count ->
        [one] { $count } сообщение
        [few] { $count } сообщения
       *[many] { $count } сообщений
    }
count-of = { $found } из { $count }

## Conversation

chat-none = Чат не открыт. Стрелки выбирают, Enter открывает, c берёт самый давний.
chat-loading = загружаются прежние сообщения…
chat-beginning = начало истории
chat-new = { $count ->
        [one] { $count } новое
        [few] { $count } новых
       *[many] { $count } новых
    }
chat-new-below = { $count ->
        [one] { $count } новое внизу (End)
        [few] { $count } новых внизу (End)
       *[many] { $count } новых внизу (End)
    }
chat-owner-mine = мой
chat-owner-mine-since = мой с { $time }
chat-owner-other = у: { $name }
chat-owner-nobody = ничей
chat-owner-away = у: { $name } (не в сети)
chat-closed = закрыт
chat-finished = закрыт окончательно
chat-no-category = без категории
chat-window = окно { $time }
chat-window-closed = окно ответа закрыто
chat-edited = изменено
chat-deleted = удалено посетителем
chat-late = отправлено { $time }, пришло с опозданием
chat-outside = не из программы
chat-quoted = в ответ на: { $text }
chat-reaction = { $name }: реакция { $reaction }
chat-reaction-removed = { $name }: реакция снята
chat-note-by = заметка, { $name }: { $text }
chat-show-all = показать всё

## Kinds of content that are no text, as one line

content-photo = { "[" }фото]
content-audio = { "[" }аудио]
content-video = { "[" }видео]
content-document = { "[" }документ]
content-sticker = { "[" }стикер]
content-location = { "[" }место]
content-contact = { "[" }контакт]
content-link = { "[" }ссылка]
content-share = { "[" }запись]
content-product = { "[" }товар]
content-appointment = { "[" }запись на приём]
content-template = { "[" }шаблон]
content-story = { "[" }ответ на историю]
content-unknown = { "[" }{ $kind }]
content-named = { $kind } { $name }
content-open = { $key } открыть
size-bytes = { $number } Б
size-kilobytes = { $number } кБ
size-megabytes = { $number } МБ
file-coming = загружается
file-too-big = нет: слишком большой
file-foreign-address = нет: адрес не принадлежит платформе
file-wrong-kind = нет: это не то, чем названо
file-not-accepted = нет: такие файлы не принимаются
file-gone = нет: платформа не отдаёт
file-unreachable = нет: не удалось загрузить
file-expired = уже нет: срок хранения истёк
file-saving = Сохраняется …
file-saved = Сохранено: { $path }
file-not-saved = Не сохранено: { $cause }
file-limit = слишком большой: канал принимает { $size }
file-uploading = Отправка файла: { $percent } %
file-not-sent = Не отправлено: { $cause }
file-handed-in = Передано на сервер: { $name }
hint-send-file = Enter отправить
hint-complete = Tab дополнить

## What happened in a chat, in its timeline

event-opened = Чат открыт
event-claimed = { $name }: чат взят
event-claimed-from = { $name }: чат перехвачен у { $from }
event-released = { $name }: чат возвращён в очередь
event-transferred = { $name }: чат передан: { $target }
event-transferred-comment = { $name }: чат передан: { $target }: { $comment }
event-categorized = { $name }: категория { $category }
event-uncategorized = { $name }: категория снята
event-card-edited = { $name }: карточка изменена: { $field }: { $value }
event-blocked-until = { $name }: посетитель заблокирован до { $time }: { $reason }
event-blocked-forever = { $name }: посетитель заблокирован навсегда: { $reason }
event-unblocked = { $name }: посетитель разблокирован
event-block-ended = Блокировка закончилась
event-closed = { $name }: чат закрыт
event-reopened = { $name }: чат открыт снова
event-returned = Посетитель вернулся
event-finished = Чат закрыт окончательно
event-window-closed = Окно ответа закрылось
event-redacted = Содержание стёрто
event-reply-withdrawn = { $name }: ответ отозван
event-thread-other = Сейчас отвечает другое приложение: { $name }
event-thread-ours = Отвечать снова можем мы
event-thread-unknown = Неизвестно, какое приложение сейчас отвечает
event-button = Нажато: { $text }
event-referral = Источник: { $text }
event-opted-in = Согласие на сообщения
event-form = Заполнена форма
event-ordered = Сделан заказ
event-account = Привязка аккаунта изменилась
event-feedback = Оценка ответа: { $text }
event-other = { $text }
event-thread-asked = Другое приложение просит права отвечать здесь
event-thread-asked-words = Другое приложение просит права отвечать здесь: { $text }
event-thread-moved = Чат передан со словами: { $text }

## Delivery states

delivery-held = уйдёт через { $seconds }с
delivery-waiting = ждёт здесь
delivery-queued = отправляется
delivery-sent = отправлено
delivery-delivered = доставлено
delivery-read = прочитано
delivery-withdrawn = отозвано
delivery-failed = не ушло
delivery-failed-retry = не ушло: { $reason } - Enter повторит
delivery-unconfirmed = не подтверждено - дошло ли?
failure-window-closed = окно ответа уже закрылось
failure-unreachable = посетитель недоступен
failure-thread-controlled = там отвечает другое приложение
failure-not-allowed = площадка не разрешает: { $text }
failure-refused = площадка отказала: { $text }
failure-given-up = от отправки отказались
failure-channel-gone = канал удалён

## Notice line: what others do

notice-visitor-typing = { $name } печатает…
notice-viewing = смотрит { $name }
notice-replying = { $name } пишет ответ
notice-noting = { $name } пишет заметку
notice-new-above = выше новое сообщение
notice-commands = это были команды; Enter вставит текст в ответ
notice-no-command = клавиша { $key } здесь ничего не делает; ? покажет клавиши

## Composer

composer-reply = Ответ: { $name }
composer-reply-on = Ответ: { $name }, { $channel }
composer-note = ЗАМЕТКА коллегам
composer-read-only = Только чтение - c возьмёт чат
composer-read-only-other = Только чтение - чат у: { $name }
composer-read-only-closed = Только чтение - чат закрыт
composer-read-only-blocked = Только чтение - посетитель заблокирован
composer-draft-saved = черновик сохранён
composer-draft-unsaved = черновик не сохранён
composer-length = { $length }/{ $limit }
composer-too-long = { $count ->
        [one] слишком длинно: { $count } часть
        [few] слишком длинно: { $count } части
       *[many] слишком длинно: { $count } частей
    }
composer-empty-field = сначала заполните { $name }
composer-full = Текст не помещается; остаток не вставлен
composer-paste-confirm = { $count ->
        [one] Вставить { $count } знак? Enter вставит, Esc отменит.
        [few] Вставить { $count } знака? Enter вставит, Esc отменит.
       *[many] Вставить { $count } знаков? Enter вставит, Esc отменит.
    }
composer-other-writing = { $name } тоже пишет. Enter отправит, Esc подождёт.
composer-suggestion = Tab>

## Status row and connection

status-online = на связи { $milliseconds } мс
status-slow = медленно { $milliseconds } мс
status-offline = нет связи
status-connecting = соединение
status-signing-in = вход
status-available = на месте
status-away = отошёл
status-unread = новых { $count }
status-oldest = дольше всего { $time }
status-sending = отправляется { $count }
status-waiting-here = ждут здесь { $count }
status-drafts = черновиков { $count }
status-help = F1 справка
status-channel-broken = канал { $name } не работает
status-channel-unlinked = канал { $name } отвязан
banner-reconnecting = соединение, попытка { $attempt } через { $seconds }с
banner-connecting = соединение с { $server }
banner-nothing-lost = { $count ->
        [one] { $count } сообщение ждёт здесь, ничего не потеряно
        [few] { $count } сообщения ждут здесь, ничего не потеряно
       *[many] { $count } сообщений ждут здесь, ничего не потеряно
    }
banner-retry-now = F5 сейчас
banner-resynchronised = снова на связи; списки загружены заново
banner-session-ended = Сеанс закончился. Выйдите и войдите снова: deskwire login
goodbye-wrong-protocol = У сервера и терминала разные версии; обновите то, что старее
goodbye-bad-frame = Сервер не понял терминал; обновите то, что старее
goodbye-too-much = Терминал отправил слишком много; F5 подключит снова
goodbye-stopping = Сервер останавливается; терминал подключится сам
goodbye-too-slow = Терминал не успевал за сервером; соединение восстанавливается
goodbye-removed = Вас больше нет в настройках сервера; обратитесь к администратору
banner-version = У сервера версия { $relay }, у программы { $desk }. Обновите более старую часть.
banner-too-small = Терминал { $columns }x{ $rows }; нужно { $needed_columns }x{ $needed_rows }
banner-outbox-old = { $count ->
        [one] { $count } сообщение старше 10 минут. Enter отправит, Esc оставит черновиком.
        [few] { $count } сообщения старше 10 минут. Enter отправит, Esc оставит черновиками.
       *[many] { $count } сообщений старше 10 минут. Enter отправит, Esc оставит черновиками.
    }

## Actions: the short title for hints and menus, 18 cells at most

action-send = отправить
action-newline = новая строка
action-templates = шаблоны
action-accept = принять
action-undo = отменить
action-redo = вернуть
action-reply = ответить
action-claim = взять
action-take-over = перехватить
action-release = в очередь
action-transfer = передать
action-category = категория
action-close = закрыть
action-reopen = открыть снова
action-block = заблокировать
action-unblock = разблокировать
action-note = заметка
action-next = следующий
action-unread = не прочитан
action-find = поиск
action-open = открыть
action-copy = копировать
action-filter = фильтр
action-quote = цитировать
action-visitor = посетитель
action-ask-contacts = спросить контакты
action-send-file = файл
action-edit-card = изменить карточку
action-zoom = шире
action-available = на месте
action-retry = повторить
action-give-up = не отправлять
action-list-queue = очередь
action-list-mine = мои
action-list-others = коллеги
action-list-closed = закрытые
action-chat-up = чат выше
action-chat-down = чат ниже
action-scroll-up = прокрутить вверх
action-scroll-down = прокрутить вниз
action-go-first = в начало
action-go-last = в конец
action-go-unread = к новым
action-up = вверх
action-down = вниз
action-confirm = подтвердить
action-back = назад
action-commands = команды
action-zone-next = дальше
action-zone-previous = обратно
action-palette = все команды
action-help = справка
action-reconnect = соединиться
action-repaint = перерисовать
action-language = язык
action-theme = тема
action-quit = выйти

## Actions: the sentence for help and palette

action-send-help = Отправить ответ или заметку
action-newline-help = Начать новую строку
action-templates-help = Вставить готовый ответ
action-accept-help = Принять подсказку
action-undo-help = Отменить последнее действие
action-redo-help = Вернуть отменённое
action-reply-help = Писать в открытый чат
action-claim-help = Взять этот чат или самый давний из очереди
action-take-over-help = Забрать чат у коллеги
action-release-help = Вернуть чат в очередь с тем же временем ожидания
action-transfer-help = Передать чат оператору или отделу
action-category-help = Указать, о чём чат
action-close-help = Закрыть чат
action-reopen-help = Открыть закрытый чат снова
action-block-help = Заблокировать посетителя на время с причиной
action-unblock-help = Снять блокировку с посетителя
action-note-help = Написать заметку, видную только коллегам
action-next-help = К следующему чату, где нужен я
action-unread-help = Отметить непрочитанным или прочитанным
action-find-help = Искать по тексту во всех чатах
action-open-help = Открыть файл или ссылку по номеру
action-copy-help = Скопировать сообщение
action-filter-help = Отобрать чаты списка по имени, номеру или словам
action-quote-help = Ответить на выбранное сообщение
action-visitor-help = Показать или скрыть карточку посетителя
action-ask-contacts-help = Спросить у посетителя телефон и почту
action-send-file-help = Отправить файл с этого компьютера
action-edit-card-help = Изменить поле карточки посетителя
action-zoom-help = Скрыть или показать список
action-available-help = Переключить «на месте» и «отошёл»
action-retry-help = Отправить неушедший ответ снова
action-give-up-help = Больше не отправлять этот ответ
action-list-queue-help = Показать очередь
action-list-mine-help = Показать мои чаты
action-list-others-help = Показать чаты коллег
action-list-closed-help = Показать закрытые чаты
action-chat-up-help = К чату выше по списку
action-chat-down-help = К чату ниже по списку
action-scroll-up-help = Прокрутить переписку вверх
action-scroll-down-help = Прокрутить переписку вниз
action-go-first-help = К первому сообщению
action-go-last-help = К последнему сообщению
action-go-unread-help = К первому непрочитанному сообщению
action-up-help = Вверх
action-down-help = Вниз
action-confirm-help = Открыть, принять или подтвердить
action-back-help = На шаг назад
action-commands-help = Выйти из текста; буквы станут командами
action-zone-next-help = В следующую область
action-zone-previous-help = В предыдущую область
action-palette-help = Найти любую команду по названию
action-help-help = Показать клавиши, которые действуют здесь
action-reconnect-help = Соединиться с сервером сейчас
action-repaint-help = Перерисовать экран
action-language-help = Сменить язык программы
action-theme-help = Сменить цвета
action-quit-help = Выйти из программы; черновики сохранятся

## Caret keys in the composer, for help

help-caret-words = По словам
help-caret-line = Начало и конец строки
help-delete-word = Удалить слово перед курсором
help-delete-line = Удалить до начала строки
help-title-composer = справка: клавиши здесь (текст)
help-title-commands = справка: клавиши здесь (команды)
help-search = наберите для поиска
help-then = { $key }, затем:
help-language = язык { $name }

## Why an action is off

off-offline = нет связи
off-turned-away = сервер больше не принимает этот терминал; ваш текст сохранён
off-no-chat = чат не открыт
off-not-yours = этот чат не ваш (c возьмёт его)
off-other-owner = этот чат у: { $name }
off-yours-already = этот чат уже ваш
off-closed = этот чат закрыт
off-not-closed = этот чат не закрыт
off-blocked = посетитель заблокирован
off-not-blocked = посетитель не заблокирован
off-right = ваша роль этого не разрешает
off-channel = этот канал так не умеет
off-window = окно ответа закрыто
off-nothing = не к чему применить
off-no-text = сначала напишите текст
off-no-trouble = здесь нет недоставленных ответов
off-no-contact = посетитель не оставил нового контакта
off-queue-empty = никто не ждёт

## Hints of popups

hint-run = Enter выполнить
hint-choose = Enter выбрать
hint-filter = Enter оставить   Вверх, Вниз выбрать   Esc снять
hint-search = Enter искать
hint-insert = Enter вставит (ещё Enter отправит)
hint-transfer = Enter передать
hint-block = Enter заблокировать
hint-close-chat = Enter закрыть
hint-save = Enter сохранить
hint-pick = 1-9 выбор
hint-pick-zero = 0-9 выбор
hint-move = стрелки двигают
hint-group = Tab раздел
hint-note = Tab заметка
hint-next-field = Tab следующее поле
hint-tick = Пробел отметит
hint-reason = цифры причина
hint-length = влево, вправо срок
hint-cancel = Esc отмена
hint-close = Esc закрыть
hint-undo = u отменит в течение { $seconds } с

## Popups

popup-commands = команды
popup-templates = шаблоны
popup-template-missing = не заполнено: { $names }
popup-template-nothing-missing = всё заполнено
popup-template-fallback = на { $language }, на языке чата нет
popup-transfer = передать: { $name }
popup-transfer-note = передать { $name }: { $target }
popup-transfer-queue = обратно в очередь (ожидание { $time } сохранится)
popup-transfer-open = открыто { $count }
popup-transfer-online = в сети { $count }
popup-transfer-waiting = ждут { $count }
popup-transfer-speaks = говорит: { $languages }
popup-transfer-offline = не в сети
popup-transfer-comment = Заметка для следующего (необязательно, Tab - править):
popup-category = категория
popup-category-none = без категории
popup-close = закрыть: { $name }
popup-close-pick = Сначала нужна категория
popup-block = заблокировать: { $name }
popup-block-reason = Причина
popup-block-length = Срок
popup-block-also = Ещё
popup-block-close = закрыть этот чат
popup-block-told = Посетитель об этом не узнает. Действие записывается в журнал.
popup-unblock-ask = Посетитель заблокирован. Enter снимает блокировку, Esc оставляет.
popup-contacts-ask = Enter отправит текст с кнопками для телефона и почты, Esc - нет.
popup-find = найти
popup-card = посетитель
popup-quit-unsent = { $count ->
        [one] { $count } сообщение ещё не ушло. Ctrl+C - выйти, Esc - остаться.
        [few] { $count } сообщения ещё не ушли. Ctrl+C - выйти, Esc - остаться.
       *[many] { $count } сообщений ещё не ушли. Ctrl+C - выйти, Esc - остаться.
    }
popup-other-layout = найдено и в другой раскладке: { $typed } -> { $read }
popup-nothing-found = ничего не найдено
popup-finding = идёт поиск…
popup-find-ask = Enter ищет во всех чатах, и в закрытых
block-spam = спам
block-abuse = оскорбления
block-fraud = мошенничество
block-other = другое

## Visitor's card

card-title = Посетитель
card-name = Имя
card-phone = Телефон
card-email = Почта
card-crm = Номер в CRM
card-notes = Заметки
card-channel = Канал
card-language = Язык
card-entry = Откуда
card-category = Категория
card-status = Состояние
card-since = с { $date }
card-local-time = местное время { $time }
card-earlier = Прежние чаты
card-links = Ссылки и файлы
card-blocked-until = заблокирован до { $time }
card-blocked = заблокирован навсегда
card-found = Посетитель указал { $value }. Enter запишет в карточку, Esc нет.

## Short messages after an action, and their undo

done-claimed = Чат ваш
done-released = Возвращён в очередь
done-transferred = Передан: { $target }
done-categorized = Категория { $category }
done-closed = Закрыт
done-reopened = Открыт снова
done-blocked = Заблокирован
done-unblocked = Разблокирован
done-noted = Заметка сохранена
done-copied = Скопировано
done-copy-too-long = Слишком длинно для копирования (не больше { $limit } КБ)
done-undone = Отменено
done-nothing-to-undo = Нечего отменять
done-taken-back = Отозвано; исправьте и отправьте снова
done-with-undo = { $text } (u отменит)
done-kept-draft = Ваш текст сохранён как черновик
done-quit-again = Ещё раз Ctrl+C - выход
lost-claim = { $name }: чат взят { $time } назад
lost-claim-note = { $text }; ваш текст сохранён как заметка

## Refusals by their code; each says what to do next where there is something to do

refusal-owned = Этот чат у: { $name }; перехватите его или напишите заметку
refusal-not_claimed = Чат никем не взят; сначала возьмите его
refusal-finished = Чат закрыт окончательно; новое сообщение посетителя откроет новый
refusal-closed = Чат закрыт; сначала откройте его снова
refusal-not_closed = Чат не закрыт
refusal-no_such_chat = Такого чата для вас нет
refusal-no_such_message = Такого сообщения в чате нет
refusal-not_allowed = Ваша роль этого не разрешает; обратитесь к старшему
refusal-visitor_blocked = Посетитель заблокирован; сначала разблокируйте
refusal-not_blocked = Посетитель не заблокирован
refusal-window_closed = Окно ответа закрыто; его откроет только новое сообщение посетителя
refusal-window_closed-human_agent = Окно ответа закрыто; ещё Enter отправит от имени живого оператора
refusal-empty_text = Нечего отправлять
refusal-file_too_big = Файл слишком большой для этого канала; отправьте меньший или ссылку на него
refusal-no_such_file = Файла уже нет; отправьте его снова
refusal-too_long = В тексте { $length } знаков, канал принимает { $limit }; разделите его
refusal-empty_placeholder = Не заполнено поле { $name }; заполните или уберите его
refusal-not_supported = Этот канал так не умеет
refusal-channel_gone = Канала этого чата больше нет в настройках; обратитесь к администратору
refusal-unknown_category = Такой категории нет; выберите из списка
refusal-category_required = Перед закрытием нужна категория; выберите её
refusal-unknown_operator = Оператора { $name } нет
refusal-unknown_department = Отдела { $name } нет
refusal-same_target = Чат уже там
refusal-already_leaving = Ответ уже уходит; напишите ещё один
refusal-not_retryable = Этот ответ повторять не нужно
refusal-reason_required = Для блокировки нужна причина
refusal-field_too_long = Текст длиннее { $limit } знаков; сократите его
refusal-refused_before = Это уже было отклонено; если ещё нужно, сделайте снова
refusal-hold_too_long = Ответ задерживается не больше чем на { $limit } с
refusal-unknown = Сервер отказал: { $sentence }

## Errors of the desk itself

error-drafts-save = Черновики не сохранились: { $cause }
error-drafts-damaged = Файл черновиков повреждён; он сохранён как { $file }
error-open = Не удалось открыть { $target }: { $cause }
error-link-kind = Открываются только ссылки http, https, mailto и tel
error-unknown-slash = Команды /{ $name } нет; ничего не отправлено
error-key-clash = { $key } назначена и на { $first }, и на { $second }; взято значение по умолчанию

## Notifications and the terminal's title; never a visitor's words

notify-queue = Новый чат в очереди
notify-mine = Новое сообщение в вашем чате
notify-transferred = Вам передан чат
notify-mentioned = Вас упомянули в заметке
notify-failed = Ответ не ушёл
title = Deskwire
title-unread = ({ $count }) Deskwire
you = { $name } (вы)

## Added with the app

action-blocks = блокировки
action-blocks-help = Кто заблокирован сейчас; блокировку можно снять
action-messages = сообщения
action-messages-help = Повторить или оставить ответы, которые не дошли
action-add-contact = в карточку
action-add-contact-help = Записать присланный контакт в карточку
action-save-template = в шаблоны
action-save-template-help = Сохранить этот текст как свой шаблон
action-interrupt = прервать
action-interrupt-help = Закрыть окно; дважды: выйти
block-until = до { $time }
done-template = Шаблон сохранён
popup-messages = ответы с проблемами
popup-quote = на какое сообщение ответить
popup-quote-none = без цитаты
popup-blocks = заблокированные посетители
popup-help = справка
popup-human = Окно ответа закрыто. Enter отправит от имени человека, Esc вернёт к тексту.
popup-close-ask = Enter закроет чат, Esc оставит открытым.
action-start-chat = начать чат
action-start-chat-help = Написать посетителю первым
action-own-templates = мои шаблоны
action-own-templates-help = Изменить или удалить свои шаблоны
action-sessions = сеансы
action-sessions-help = Кто вошёл и откуда; завершить сеанс
template-change = изменить
template-delete = удалить
off-visitor-first = в этих каналах первым пишет посетитель
done-opened = Открыто в браузере
done-link-copied = Адрес скопирован
done-template-deleted = Шаблон удалён
notice-changing-template = Перепишите шаблон и сохраните его как шаблон
popup-own-templates = мои шаблоны
popup-file = Отправить файл: { $name }
popup-template-title = сохранить как шаблон
popup-template-title-ask = Название или раздел / название. Можно оставить пустым.
popup-sessions = кто вошёл
hint-end-session = Enter завершит сеанс
session-this = этот, активен { $time }
session-used = активен { $time }
block-dropped = отброшено { $count }
block-own-hours = { $count } ч, вручную
block-own-ask = Сначала наберите срок в часах, от 1 до 8760
hint-own-length = Tab свои часы
category-retired = снята: { $name }
popup-take-over = Этот чат у: { $name }. Enter перехватит его, ваш текст останется; Esc оставит как есть.
notify-taken = Ваш чат перехвачен
done-taken = { $name }: перехвачен ваш чат с посетителем { $visitor }
done-hidden = Чат с посетителем { $name } вам больше не виден
status-event = событие { $seq }
status-event-lag = событие { $seq } +{ $milliseconds } мс
status-channels = каналы { $sound }/{ $count }
popup-too-long = слишком длинно для одного сообщения
popup-long-parts = { $count ->
        [one] Отправить { $count } пронумерованной частью
        [few] Отправить { $count } пронумерованными частями
       *[many] Отправить { $count } пронумерованными частями
    }
popup-long-trim = Оставить первые { $limit } знаков и просмотреть их перед отправкой
done-trimmed = Сокращено до предела канала; Enter отправит
card-more = более ранние…
card-photo = Фото
card-crm-link = CRM
card-waits = ждёт { $time }
card-began = С
templates-all = все
template-scope-mine = для меня
template-scope-all = для всех
popup-template-for = { $name } (Tab меняет)
hint-section = Tab раздел
hint-language = < > язык
hint-for-whom = Tab для кого
