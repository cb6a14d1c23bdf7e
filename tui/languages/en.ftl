# English. One sentence per idea; the same keys and variables stand in ru.ftl and zh.ftl.


## Lists and their sections

list-queue = Queue
list-mine = Mine
list-others = Others
list-closed = Closed
list-section-awaiting = awaiting reply
list-section-snoozed = snoozed
list-empty-queue = Nobody is waiting
list-empty-mine = You have no chats; c claims the oldest in the queue
list-empty-others = Colleagues have no chats
list-empty-closed = No closed chats
list-empty-filter = Nothing matches “{ $query }”
list-more = { $count } more
list-sort-waiting = sort: waiting
list-oldest-first = oldest first
list-you-wrote = you: { $text }
list-colleague-wrote = { $name }: { $text }
list-draft = draft
list-drafts = { $count ->
        [one] draft in { $count } chat
       *[other] drafts in { $count } chats
    }
list-failed = not sent
list-blocked = blocked
list-window-left = { $time } to answer
list-window-closed = window closed
list-filter = filter: { $query }

## Durations, 4 cells wide at most

time-under-minute = <1m
time-minutes = { $count }m
time-hours = { $count }h
time-days = { $count }d
time-seconds = { $count }s
time-today = today
time-yesterday = yesterday
time-forever = for good

## Words with numbers

count-chats = { $count ->
        [one] { $count } chat
       *[other] { $count } chats
    }
count-messages = { $count ->
        [one] { $count } message
       *[other] { $count } messages
    }
count-of = { $found } of { $count }

## Conversation

chat-none = No chat is open. Arrows choose, Enter opens, c claims the oldest.
chat-loading = loading earlier messages…
chat-beginning = beginning of the history
chat-new = { $count ->
        [one] { $count } new
       *[other] { $count } new
    }
chat-new-below = { $count ->
        [one] { $count } new below (End)
       *[other] { $count } new below (End)
    }
chat-owner-mine = mine
chat-owner-mine-since = mine since { $time }
chat-owner-other = with { $name }
chat-owner-nobody = nobody's
chat-owner-away = with { $name } (offline)
chat-closed = closed
chat-finished = closed for good
chat-no-category = no category
chat-window = window { $time }
chat-window-closed = reply window closed
chat-edited = edited
chat-deleted = deleted by the visitor
chat-late = sent { $time }, arrived late
chat-outside = outside the desk
chat-quoted = in reply to: { $text }
chat-reaction = { $name } reacted { $reaction }
chat-reaction-removed = { $name } took the reaction back
chat-note-by = note, { $name }: { $text }
chat-show-all = show all

## Kinds of content that are no text, as one line

content-photo = { "[" }photo]
content-audio = { "[" }audio]
content-video = { "[" }video]
content-document = { "[" }document]
content-sticker = { "[" }sticker]
content-location = { "[" }location]
content-contact = { "[" }contact]
content-link = { "[" }link]
content-share = { "[" }shared post]
content-product = { "[" }product]
content-appointment = { "[" }appointment]
content-template = { "[" }template]
content-story = { "[" }story reply]
content-unknown = { "[" }{ $kind }]
content-named = { $kind } { $name }
content-open = { $key } open
size-bytes = { $number } B
size-kilobytes = { $number } kB
size-megabytes = { $number } MB
file-coming = being fetched
file-too-big = not here: too big
file-foreign-address = not here: its address is not the platform's
file-wrong-kind = not here: it is not what it says it is
file-not-accepted = not here: this kind is not accepted
file-gone = not here: the platform does not give it
file-unreachable = not here: it could not be fetched
file-expired = not here any more: its time is over
file-saving = Saving the file …
file-saved = Saved: { $path }
file-not-saved = Not saved: { $cause }
file-limit = too big: the channel takes { $size }
file-uploading = Sending the file: { $percent } %
file-not-sent = Not sent: { $cause }
file-handed-in = Sent to the relay: { $name }
hint-send-file = Enter send
hint-complete = Tab complete

## What happened in a chat, in its timeline

event-opened = Chat opened
event-claimed = { $name } claimed this chat
event-claimed-from = { $name } took this chat over from { $from }
event-released = { $name } put this chat back into the queue
event-transferred = { $name } transferred this chat to { $target }
event-transferred-comment = { $name } transferred this chat to { $target }: { $comment }
event-categorized = { $name } set the category { $category }
event-uncategorized = { $name } removed the category
event-card-edited = { $name } changed the card: { $field }: { $value }
event-blocked-until = { $name } blocked the visitor until { $time }: { $reason }
event-blocked-forever = { $name } blocked the visitor for good: { $reason }
event-unblocked = { $name } unblocked the visitor
event-block-ended = The block has ended
event-closed = { $name } closed this chat
event-reopened = { $name } reopened this chat
event-returned = The visitor came back
event-finished = Chat closed for good
event-window-closed = The reply window closed
event-redacted = The content was erased
event-reply-withdrawn = { $name } took a reply back
event-thread-other = Another application answers now: { $name }
event-thread-ours = We may answer again
event-thread-unknown = It is not known which application answers now
event-button = Pressed: { $text }
event-referral = Came from: { $text }
event-opted-in = Agreed to be written to
event-form = Filled in a form
event-ordered = Placed an order
event-account = Account linked or unlinked
event-feedback = Rated an answer: { $text }
event-other = { $text }
event-thread-asked = Another application asks to answer here
event-thread-asked-words = Another application asks to answer here: { $text }
event-thread-moved = The chat was handed over with the words: { $text }

## Delivery states

delivery-held = sending in { $seconds }s
delivery-waiting = waits here
delivery-queued = sending
delivery-sent = sent
delivery-delivered = delivered
delivery-read = read
delivery-withdrawn = taken back
delivery-failed = failed
delivery-failed-retry = failed: { $reason } - Enter to retry
delivery-unconfirmed = unconfirmed - did it arrive?
failure-window-closed = the reply window had closed
failure-unreachable = the visitor cannot be reached
failure-thread-controlled = another application answers there
failure-not-allowed = the platform does not allow it: { $text }
failure-refused = the platform refused it: { $text }
failure-given-up = given up
failure-channel-gone = the channel was removed

## Notice line: what others do

notice-visitor-typing = { $name } is typing…
notice-viewing = { $name } is viewing
notice-replying = { $name } is writing a reply
notice-noting = { $name } is writing a note
notice-new-above = new message above
notice-commands = these were commands; Enter puts the text into the reply
notice-no-command = { $key } does nothing here; ? shows the keys

## Composer

composer-reply = Reply to { $name }
composer-reply-on = Reply to { $name }, { $channel }
composer-note = NOTE to colleagues
composer-read-only = Read only - c claims this chat
composer-read-only-other = Read only - { $name } has this chat
composer-read-only-closed = Read only - closed
composer-read-only-blocked = Read only - the visitor is blocked
composer-draft-saved = draft saved
composer-draft-unsaved = draft not saved
composer-length = { $length }/{ $limit }
composer-too-long = { $count ->
        [one] too long: { $count } part
       *[other] too long: { $count } parts
    }
composer-empty-field = fill in { $name } first
composer-full = The text is full; the rest was left out
composer-paste-confirm = { $count ->
        [one] Paste { $count } character? Enter pastes, Esc does not.
       *[other] Paste { $count } characters? Enter pastes, Esc does not.
    }
composer-other-writing = { $name } is writing too. Enter sends, Esc waits.
composer-suggestion = Tab>

## Status row and connection

status-online = online { $milliseconds }ms
status-slow = slow { $milliseconds }ms
status-offline = offline
status-connecting = connecting
status-signing-in = signing in
status-available = available
status-away = away
status-unread = unread { $count }
status-oldest = oldest { $time }
status-sending = sending { $count }
status-waiting-here = waiting here { $count }
status-drafts = drafts { $count }
status-help = F1 help
status-channel-broken = channel { $name } is broken
status-channel-unlinked = channel { $name } is unlinked
banner-reconnecting = reconnecting, try { $attempt } in { $seconds }s
banner-connecting = connecting to { $server }
banner-nothing-lost = { $count ->
        [one] { $count } message waits here, nothing is lost
       *[other] { $count } messages wait here, nothing is lost
    }
banner-retry-now = F5 now
banner-resynchronised = back online; the lists were loaded anew
banner-session-ended = Your session has ended. Quit and sign in again: deskwire login
goodbye-wrong-protocol = Relay and desk speak different versions; update the older one
goodbye-bad-frame = The relay did not understand this desk; update the older one
goodbye-too-much = The desk sent too much; F5 connects again
goodbye-stopping = The relay is stopping; the desk connects again by itself
goodbye-too-slow = This desk did not keep up; it connects again
goodbye-removed = You are not in the relay’s configuration any more; ask an admin
banner-version = The relay speaks version { $relay }, this desk { $desk }. Update the older one.
banner-too-small = This terminal is { $columns }x{ $rows }; the desk needs { $needed_columns }x{ $needed_rows }
banner-outbox-old = { $count ->
        [one] { $count } message is older than 10 minutes. Enter sends it, Esc keeps it as a draft.
       *[other] { $count } messages are older than 10 minutes. Enter sends them, Esc keeps them as drafts.
    }

## Actions: the short title for hints and menus, 18 cells at most

action-send = send
action-newline = new line
action-templates = templates
action-accept = accept
action-undo = undo
action-redo = redo
action-reply = reply
action-claim = claim
action-take-over = take over
action-release = to queue
action-transfer = transfer
action-category = category
action-close = close
action-reopen = reopen
action-block = block
action-unblock = unblock
action-note = note
action-next = next
action-unread = unread
action-find = search
action-open = open
action-copy = copy
action-filter = filter
action-quote = quote
action-visitor = visitor
action-ask-contacts = ask contacts
action-send-file = send file
action-edit-card = edit card
action-zoom = zoom
action-available = available
action-retry = retry
action-give-up = give up
action-list-queue = queue
action-list-mine = mine
action-list-others = others
action-list-closed = closed
action-chat-up = chat above
action-chat-down = chat below
action-scroll-up = scroll up
action-scroll-down = scroll down
action-go-first = first
action-go-last = last
action-go-unread = first unread
action-up = up
action-down = down
action-confirm = confirm
action-back = back
action-commands = commands
action-zone-next = next zone
action-zone-previous = previous zone
action-palette = palette
action-help = help
action-reconnect = reconnect
action-repaint = repaint
action-language = language
action-theme = theme
action-quit = quit

## Actions: the sentence for help and palette

action-send-help = Send the reply, or the note
action-newline-help = Start a new line in the text
action-templates-help = Insert a prepared reply
action-accept-help = Take the suggestion
action-undo-help = Take back the last action
action-redo-help = Do again what was undone
action-reply-help = Write in the open chat
action-claim-help = Claim this chat, or the oldest in the queue
action-take-over-help = Take this chat from a colleague
action-release-help = Put the chat back into the queue; it keeps its waiting time
action-transfer-help = Transfer the chat to an operator or department
action-category-help = Say what the chat is about
action-close-help = Close the chat
action-reopen-help = Open the closed chat again
action-block-help = Block the visitor for a time and a reason
action-unblock-help = End the visitor's block
action-note-help = Write a note only colleagues see
action-next-help = Go to the next chat that needs me
action-unread-help = Mark as unread, or read
action-find-help = Search what was written, in every chat
action-open-help = Open a file or link by its number
action-copy-help = Copy the message
action-filter-help = Filter the list by name, number or words
action-quote-help = Answer a particular message
action-visitor-help = Show or hide the visitor's card
action-ask-contacts-help = Ask the visitor for phone and e-mail
action-send-file-help = Send a file of this machine
action-edit-card-help = Change a field of the visitor's card
action-zoom-help = Hide or show the list
action-available-help = Switch between available and away
action-retry-help = Send the failed reply again
action-give-up-help = Stop trying to send this reply
action-list-queue-help = Show the queue
action-list-mine-help = Show my chats
action-list-others-help = Show colleagues' chats
action-list-closed-help = Show closed chats
action-chat-up-help = Go to the chat above in the list
action-chat-down-help = Go to the chat below in the list
action-scroll-up-help = Scroll the conversation up
action-scroll-down-help = Scroll the conversation down
action-go-first-help = Go to the first message
action-go-last-help = Go to the last message
action-go-unread-help = Go to the first unread message
action-up-help = Move up
action-down-help = Move down
action-confirm-help = Open, accept or confirm
action-back-help = One step back
action-commands-help = Leave the text; letters are commands
action-zone-next-help = Go to the next zone
action-zone-previous-help = Go to the previous zone
action-palette-help = Find any command by name
action-help-help = Show the keys that work here
action-reconnect-help = Connect to the relay now
action-repaint-help = Draw the screen anew
action-language-help = Change the language of the desk
action-theme-help = Change the colours
action-quit-help = Leave the desk; drafts are kept

## Caret keys in the composer, for help

help-caret-words = Move by words
help-caret-line = Start and end of the line
help-delete-word = Delete the word before
help-delete-line = Delete to the start of the line
help-title-composer = help: keys here (composer)
help-title-commands = help: keys here (commands)
help-search = type to search
help-then = { $key }, then:
help-language = language { $name }

## Why an action is off

off-offline = offline
off-turned-away = the relay does not take this desk any more; your text is kept
off-no-chat = no chat is open
off-not-yours = this chat is not yours (c claims it)
off-other-owner = { $name } has this chat
off-yours-already = this chat is yours already
off-closed = this chat is closed
off-not-closed = this chat is not closed
off-blocked = the visitor is blocked
off-not-blocked = the visitor is not blocked
off-right = your role does not allow it
off-channel = this channel cannot do it
off-window = the reply window has closed
off-nothing = there is nothing to do it with
off-no-text = write the text first
off-no-trouble = no reply here is in trouble
off-no-contact = the visitor gave no new contact
off-queue-empty = nobody is waiting

## Hints of popups

hint-run = Enter run
hint-choose = Enter choose
hint-filter = Enter keep   Up, Down choose   Esc clear
hint-search = Enter search
hint-insert = Enter insert (Enter again sends)
hint-transfer = Enter transfer
hint-block = Enter block
hint-close-chat = Enter close
hint-save = Enter save
hint-pick = 1-9 pick
hint-pick-zero = 0-9 pick
hint-move = arrows move
hint-group = Tab group
hint-note = Tab note
hint-next-field = Tab next field
hint-tick = Space tick
hint-reason = digits reason
hint-length = left, right length
hint-cancel = Esc cancel
hint-close = Esc close
hint-undo = u undoes it for { $seconds } s

## Popups

popup-commands = commands
popup-templates = templates
popup-template-missing = missing: { $names }
popup-template-nothing-missing = nothing missing
popup-template-fallback = in { $language }, none in the chat's language
popup-transfer = transfer { $name } to
popup-transfer-note = transfer { $name } to { $target }
popup-transfer-queue = back to the queue (keeps the { $time } wait)
popup-transfer-open = { $count } open
popup-transfer-online = { $count } online
popup-transfer-waiting = { $count } waiting
popup-transfer-speaks = speaks { $languages }
popup-transfer-offline = offline
popup-transfer-comment = Note for the next person (optional, Tab to edit):
popup-category = category
popup-category-none = no category
popup-close = close { $name }
popup-close-pick = A category is needed first
popup-block = block { $name }
popup-block-reason = Reason
popup-block-length = Length
popup-block-also = Also
popup-block-close = close this chat
popup-block-told = The visitor is not told. The action is written to the log.
popup-unblock-ask = The visitor is blocked. Enter lifts the block, Esc leaves it.
popup-contacts-ask = Enter sends the text with buttons for phone and e-mail, Esc does not.
popup-find = find
popup-card = visitor
popup-quit-unsent = { $count ->
        [one] { $count } message is not sent yet. Ctrl+C quits, Esc stays.
       *[other] { $count } messages are not sent yet. Ctrl+C quits, Esc stays.
    }
popup-other-layout = also found as typed on the other layout: { $typed } -> { $read }
popup-nothing-found = nothing found
popup-finding = searching…
popup-find-ask = Enter searches every chat, closed ones too
block-spam = spam
block-abuse = abuse
block-fraud = fraud
block-other = other

## Visitor's card

card-title = Visitor
card-name = Name
card-phone = Phone
card-email = E-mail
card-crm = CRM number
card-notes = Notes
card-channel = Channel
card-language = Language
card-entry = Came from
card-category = Category
card-status = Status
card-since = since { $date }
card-local-time = local time { $time }
card-earlier = Earlier chats
card-links = Links and files
card-blocked-until = blocked until { $time }
card-blocked = blocked for good
card-found = The visitor gave { $value }. Enter puts it into the card, Esc does not.

## Short messages after an action, and their undo

done-claimed = This chat is yours
done-released = Back in the queue
done-transferred = Transferred to { $target }
done-categorized = Category { $category }
done-closed = Closed
done-reopened = Open again
done-blocked = Blocked
done-unblocked = Unblocked
done-noted = Note kept
done-copied = Copied
done-copy-too-long = Too long to copy ({ $limit } KB at most)
done-undone = Undone
done-nothing-to-undo = Nothing to undo
done-taken-back = Taken back; edit and send again
done-with-undo = { $text } (u undoes)
done-kept-draft = Your text was kept as a draft
done-quit-again = Ctrl+C again quits
lost-claim = { $name } took this chat { $time } ago
lost-claim-note = { $text }; your words were kept as a note

## Refusals by their code; each says what to do next where there is something to do

refusal-owned = { $name } owns this chat; take it over, or write a note
refusal-not_claimed = Nobody has claimed this chat; claim it first
refusal-finished = This chat is closed for good; the visitor's next message opens a new one
refusal-closed = This chat is closed; reopen it first
refusal-not_closed = This chat is not closed
refusal-no_such_chat = There is no such chat for you
refusal-no_such_message = There is no such message in this chat
refusal-not_allowed = Your role does not allow this; ask a supervisor
refusal-visitor_blocked = The visitor is blocked; unblock first
refusal-not_blocked = The visitor is not blocked
refusal-window_closed = The reply window has closed; only the visitor can open it, by writing
refusal-window_closed-human_agent = The reply window has closed; Enter again sends it as a human agent
refusal-empty_text = There is nothing to send
refusal-file_too_big = The file is too big for this channel; send a smaller one, or a link to it
refusal-no_such_file = The file is not there any more; send it again
refusal-too_long = The text has { $length } characters, the channel takes { $limit }; split it
refusal-empty_placeholder = { $name } is not filled in; fill it in, or take it out
refusal-not_supported = This channel cannot do that
refusal-channel_gone = This chat's channel is not in the configuration any more; ask an admin
refusal-unknown_category = There is no such category; choose one from the list
refusal-category_required = The chat needs a category before it is closed; choose one
refusal-unknown_operator = There is no operator { $name }
refusal-unknown_department = There is no department { $name }
refusal-same_target = The chat is there already
refusal-already_leaving = The reply is on its way; write another one
refusal-not_retryable = This reply needs no second try
refusal-reason_required = A block needs a reason
refusal-field_too_long = The text is longer than { $limit } characters; shorten it
refusal-refused_before = This was refused before; do it again if it is still wanted
refusal-hold_too_long = A reply is held for { $limit } seconds at most
refusal-unknown = The relay refused: { $sentence }

## Errors of the desk itself

error-drafts-save = Drafts could not be saved: { $cause }
error-drafts-damaged = The drafts file was damaged; it was kept as { $file }
error-open = Could not open { $target }: { $cause }
error-link-kind = Only http, https, mailto and tel links are opened
error-unknown-slash = There is no command /{ $name }; nothing was sent
error-key-clash = { $key } is bound to both { $first } and { $second }; the default is used

## Notifications and the terminal's title; never a visitor's words

notify-queue = New chat in the queue
notify-mine = New message in your chat
notify-transferred = A chat was transferred to you
notify-mentioned = You were named in a note
notify-failed = A reply could not be sent
title = Deskwire
title-unread = ({ $count }) Deskwire
you = { $name } (you)

## Added with the app

action-blocks = blocked
action-blocks-help = The visitors blocked now; one can be let speak again
action-messages = messages
action-messages-help = Retry or give up replies that did not arrive
action-add-contact = keep contact
action-add-contact-help = Put the contact the visitor gave onto the card
action-save-template = save template
action-save-template-help = Keep this text as a template of mine
action-interrupt = stop
action-interrupt-help = Close the popup; twice: leave the desk
block-until = until { $time }
done-template = Template kept
popup-messages = replies in trouble
popup-quote = quote which message
popup-quote-none = quote nothing
popup-blocks = blocked visitors
popup-help = help
popup-human = The reply window has closed. Enter sends it as a human agent, Esc goes back.
popup-close-ask = Enter closes this chat, Esc leaves it open.
action-start-chat = start a chat
action-start-chat-help = Write to a visitor first
action-own-templates = my templates
action-own-templates-help = Change or delete my own templates
action-sessions = sessions
action-sessions-help = See who is signed in, and end a session
template-change = change
template-delete = delete
off-visitor-first = these channels let the visitor write first
done-opened = Opened in the browser
done-link-copied = Address copied
done-template-deleted = Template deleted
notice-changing-template = Write the template anew, then save it as a template
popup-own-templates = my templates
popup-file = Send a file to { $name }
popup-template-title = save as a template
popup-template-title-ask = A title, or section / title. It may stay empty.
popup-sessions = signed in
hint-end-session = Enter ends the session
session-this = this one, used { $time }
session-used = used { $time }
block-dropped = { $count } dropped
block-own-hours = { $count } h, typed
block-own-ask = Type the length in hours first, 1 to 8760
hint-own-length = Tab own hours
category-retired = retired: { $name }
popup-take-over = { $name } has this chat. Enter takes it over, your text stays; Esc leaves it.
notify-taken = A chat was taken from you
done-taken = { $name } took the chat with { $visitor } over from you
done-hidden = The chat with { $name } is no longer yours to see
status-event = event { $seq }
status-event-lag = event { $seq } +{ $milliseconds }ms
status-channels = channels { $sound }/{ $count }
popup-too-long = too long for one message
popup-long-parts = { $count ->
        [one] Send it in { $count } numbered part
       *[other] Send it in { $count } numbered parts
    }
popup-long-trim = Keep the first { $limit } characters, and look at them before sending
done-trimmed = Cut to what the channel carries; Enter sends it
card-more = earlier ones…
card-photo = Photo
card-crm-link = CRM
card-waits = waiting { $time }
card-began = Since
templates-all = all
template-scope-mine = for me
template-scope-all = for everybody
popup-template-for = { $name } (Tab changes it)
hint-section = Tab section
hint-language = < > language
hint-for-whom = Tab for whom
