# 简体中文。键和变量与 en.ftl 相同。


## Lists and their sections

list-queue = 等待
list-mine = 我的
list-others = 同事
list-closed = 已关闭
list-section-awaiting = 等待回复
list-section-snoozed = 已推迟
list-empty-queue = 没有人在等待
list-empty-mine = 您没有对话；按 c 接入等待最久的一个
list-empty-others = 同事没有对话
list-empty-closed = 没有已关闭的对话
list-empty-filter = 没有与“{ $query }”匹配的内容
list-more = 还有 { $count } 个
list-sort-waiting = 排序：等待时间
list-oldest-first = 最早的在前
list-you-wrote = 您：{ $text }
list-colleague-wrote = { $name }：{ $text }
list-draft = 草稿
list-drafts = { $count } 个对话有草稿
list-failed = 未发送
list-blocked = 已屏蔽
list-window-left = 还可回复 { $time }
list-window-closed = 窗口已关闭
list-filter = 筛选：{ $query }

## Durations, 4 cells wide at most

time-under-minute = <1分
time-minutes = { $count }分
time-hours = { $count }时
time-days = { $count }天
time-seconds = { $count }秒
time-today = 今天
time-yesterday = 昨天
time-forever = 永久

## Words with numbers

count-chats = { $count } 个对话
count-messages = { $count } 条消息
count-of = { $found } / { $count }

## Conversation

chat-none = 没有打开的对话。方向键选择，Enter 打开，c 接入等待最久的。
chat-loading = 正在加载更早的消息…
chat-beginning = 历史记录的开头
chat-new = { $count } 条新消息
chat-new-below = 下方有 { $count } 条新消息（End）
chat-owner-mine = 我的
chat-owner-mine-since = { $time } 起由我负责
chat-owner-other = 由 { $name } 负责
chat-owner-nobody = 无人负责
chat-owner-away = 由 { $name } 负责（离线）
chat-closed = 已关闭
chat-finished = 已彻底关闭
chat-no-category = 无分类
chat-window = 窗口 { $time }
chat-window-closed = 回复窗口已关闭
chat-edited = 已编辑
chat-deleted = 访客已删除
chat-late = 发送于 { $time }，迟到
chat-outside = 从其他途径回复
chat-quoted = 回复：{ $text }
chat-reaction = { $name } 的回应：{ $reaction }
chat-reaction-removed = { $name } 撤回了回应
chat-note-by = 备注，{ $name }：{ $text }
chat-show-all = 显示全部

## Kinds of content that are no text, as one line

content-photo = { "[" }图片]
content-audio = { "[" }语音]
content-video = { "[" }视频]
content-document = { "[" }文件]
content-sticker = { "[" }贴纸]
content-location = { "[" }位置]
content-contact = { "[" }联系人]
content-link = { "[" }链接]
content-share = { "[" }分享]
content-product = { "[" }商品]
content-appointment = { "[" }预约]
content-template = { "[" }模板]
content-story = { "[" }快拍回复]
content-unknown = { "[" }{ $kind }]
content-named = { $kind } { $name }
content-open = { $key } 打开
size-bytes = { $number } B
size-kilobytes = { $number } kB
size-megabytes = { $number } MB
file-coming = 正在获取
file-too-big = 未保存：文件过大
file-foreign-address = 未保存：地址不属于该平台
file-wrong-kind = 未保存：内容与声明不符
file-not-accepted = 未保存：不接受此类文件
file-gone = 未保存：平台不再提供
file-unreachable = 未保存：无法获取
file-expired = 已删除：超过保存期限
file-saving = 正在保存文件…
file-saved = 已保存：{ $path }
file-not-saved = 未能保存：{ $cause }
file-limit = 过大：渠道上限为 { $size }
file-uploading = 正在发送文件：{ $percent } %
file-not-sent = 未能发送：{ $cause }
file-handed-in = 已交给服务器：{ $name }
hint-send-file = Enter 发送
hint-complete = Tab 补全

## What happened in a chat, in its timeline

event-opened = 对话已开始
event-claimed = { $name } 接入了对话
event-claimed-from = { $name } 从 { $from } 接管了对话
event-released = { $name } 将对话放回队列
event-transferred = { $name } 将对话转给 { $target }
event-transferred-comment = { $name } 将对话转给 { $target }：{ $comment }
event-categorized = { $name } 设置分类 { $category }
event-uncategorized = { $name } 移除了分类
event-card-edited = { $name } 修改了资料：{ $field }：{ $value }
event-blocked-until = { $name } 屏蔽访客至 { $time }：{ $reason }
event-blocked-forever = { $name } 永久屏蔽访客：{ $reason }
event-unblocked = { $name } 解除了屏蔽
event-block-ended = 屏蔽已到期
event-closed = { $name } 关闭了对话
event-reopened = { $name } 重新打开了对话
event-returned = 访客回来了
event-finished = 对话已彻底关闭
event-window-closed = 回复窗口已关闭
event-redacted = 内容已清除
event-reply-withdrawn = { $name } 撤回了回复
event-thread-other = 现由其他应用回复：{ $name }
event-thread-ours = 现在可以由我们回复
event-thread-unknown = 目前不清楚由哪个应用回复
event-button = 点击：{ $text }
event-referral = 来源：{ $text }
event-opted-in = 同意接收消息
event-form = 填写了表单
event-ordered = 下了订单
event-account = 账号关联已更改
event-feedback = 评价：{ $text }
event-other = { $text }
event-thread-asked = 另一应用请求在此回复
event-thread-asked-words = 另一应用请求在此回复：{ $text }
event-thread-moved = 对话转交附言：{ $text }

## Delivery states

delivery-held = { $seconds } 秒后发送
delivery-waiting = 在此等待
delivery-queued = 发送中
delivery-sent = 已发送
delivery-delivered = 已送达
delivery-read = 已读
delivery-withdrawn = 已撤回
delivery-failed = 发送失败
delivery-failed-retry = 发送失败：{ $reason } - Enter 重试
delivery-unconfirmed = 未确认 - 是否已送达？
failure-window-closed = 回复窗口已关闭
failure-unreachable = 无法联系访客
failure-thread-controlled = 正由其他应用回复
failure-not-allowed = 平台不允许：{ $text }
failure-refused = 平台拒绝：{ $text }
failure-given-up = 已放弃
failure-channel-gone = 渠道已移除

## Notice line: what others do

notice-visitor-typing = { $name } 正在输入…
notice-viewing = { $name } 正在查看
notice-replying = { $name } 正在写回复
notice-noting = { $name } 正在写备注
notice-new-above = 上方有新消息
notice-commands = 这些按键是命令；按 Enter 将文字放入回复
notice-no-command = { $key } 在这里没有作用；? 显示按键

## Composer

composer-reply = 回复 { $name }
composer-reply-on = 回复 { $name }，{ $channel }
composer-note = 给同事的备注
composer-read-only = 只读 - 按 c 接入对话
composer-read-only-other = 只读 - 由 { $name } 负责
composer-read-only-closed = 只读 - 已关闭
composer-read-only-blocked = 只读 - 访客已屏蔽
composer-draft-saved = 草稿已保存
composer-draft-unsaved = 草稿未保存
composer-length = { $length }/{ $limit }
composer-too-long = 太长：需 { $count } 条
composer-empty-field = 请先填写 { $name }
composer-full = 文字已满，其余未插入
composer-paste-confirm = 粘贴 { $count } 个字符？Enter 粘贴，Esc 取消。
composer-other-writing = { $name } 也在写。Enter 发送，Esc 等待。
composer-suggestion = Tab>

## Status row and connection

status-online = 在线 { $milliseconds } 毫秒
status-slow = 缓慢 { $milliseconds } 毫秒
status-offline = 离线
status-connecting = 正在连接
status-signing-in = 正在登录
status-available = 在岗
status-away = 离开
status-unread = 未读 { $count }
status-oldest = 最久 { $time }
status-sending = 发送中 { $count }
status-waiting-here = 待发 { $count }
status-drafts = 草稿 { $count }
status-help = F1 帮助
status-channel-broken = 渠道 { $name } 故障
status-channel-unlinked = 渠道 { $name } 已解除关联
banner-reconnecting = 正在重新连接，{ $seconds } 秒后第 { $attempt } 次尝试
banner-connecting = 正在连接 { $server }
banner-nothing-lost = { $count } 条消息在此等待，不会丢失
banner-retry-now = F5 立即重试
banner-resynchronised = 已重新连接，列表已重新加载
banner-session-ended = 登录已结束。请退出并重新登录：deskwire login
goodbye-wrong-protocol = 服务器与终端版本不同；请更新较旧的一方
goodbye-bad-frame = 服务器无法识别此终端；请更新较旧的一方
goodbye-too-much = 终端发送过多；按 F5 重新连接
goodbye-stopping = 服务器正在停止；终端会自动重新连接
goodbye-too-slow = 此终端跟不上服务器；正在重新连接
goodbye-removed = 您已不在服务器配置中；请联系管理员
banner-version = 服务端协议版本为 { $relay }，本程序为 { $desk }。请更新较旧的一方。
banner-too-small = 终端为 { $columns }x{ $rows }，需要 { $needed_columns }x{ $needed_rows }
banner-outbox-old = 有 { $count } 条消息超过 10 分钟。Enter 发送，Esc 存为草稿。

## Actions: the short title for hints and menus, 18 cells at most

action-send = 发送
action-newline = 换行
action-templates = 模板
action-accept = 接受
action-undo = 撤销
action-redo = 重做
action-reply = 回复
action-claim = 接入
action-take-over = 接管
action-release = 放回队列
action-transfer = 转接
action-category = 分类
action-close = 关闭
action-reopen = 重新打开
action-block = 屏蔽
action-unblock = 解除屏蔽
action-note = 备注
action-next = 下一个
action-unread = 标为未读
action-find = 搜索
action-open = 打开
action-copy = 复制
action-filter = 筛选
action-quote = 引用
action-visitor = 访客
action-ask-contacts = 索取联系方式
action-send-file = 发送文件
action-edit-card = 编辑资料
action-zoom = 放大
action-available = 在岗
action-retry = 重试
action-give-up = 放弃发送
action-list-queue = 等待
action-list-mine = 我的
action-list-others = 同事
action-list-closed = 已关闭
action-chat-up = 上一个对话
action-chat-down = 下一个对话
action-scroll-up = 向上滚动
action-scroll-down = 向下滚动
action-go-first = 最前
action-go-last = 最后
action-go-unread = 第一条未读
action-up = 上
action-down = 下
action-confirm = 确认
action-back = 返回
action-commands = 命令
action-zone-next = 下一区
action-zone-previous = 上一区
action-palette = 命令面板
action-help = 帮助
action-reconnect = 重新连接
action-repaint = 重绘
action-language = 语言
action-theme = 主题
action-quit = 退出

## Actions: the sentence for help and palette

action-send-help = 发送回复或备注
action-newline-help = 在文字中换行
action-templates-help = 插入预设回复
action-accept-help = 接受建议
action-undo-help = 撤销上一步
action-redo-help = 恢复撤销的内容
action-reply-help = 在当前对话中输入
action-claim-help = 接入此对话，或等待最久的对话
action-take-over-help = 从同事处接管对话
action-release-help = 将对话放回队列，保留等待时间
action-transfer-help = 将对话转给客服或部门
action-category-help = 设置对话分类
action-close-help = 关闭对话
action-reopen-help = 重新打开已关闭的对话
action-block-help = 按时长和原因屏蔽访客
action-unblock-help = 解除对访客的屏蔽
action-note-help = 写仅同事可见的备注
action-next-help = 转到下一个需要我的对话
action-unread-help = 标为未读或已读
action-find-help = 在所有对话中搜索内容
action-open-help = 按编号打开文件或链接
action-copy-help = 复制消息
action-filter-help = 按姓名、编号或文字筛选列表
action-quote-help = 引用并回复某条消息
action-visitor-help = 显示或隐藏访客资料
action-ask-contacts-help = 向访客索取电话和邮箱
action-send-file-help = 发送本机文件
action-edit-card-help = 修改访客资料
action-zoom-help = 隐藏或显示列表
action-available-help = 切换在岗与离开
action-retry-help = 重新发送失败的回复
action-give-up-help = 不再尝试发送此回复
action-list-queue-help = 显示等待队列
action-list-mine-help = 显示我的对话
action-list-others-help = 显示同事的对话
action-list-closed-help = 显示已关闭的对话
action-chat-up-help = 转到列表中的上一个对话
action-chat-down-help = 转到列表中的下一个对话
action-scroll-up-help = 向上滚动对话
action-scroll-down-help = 向下滚动对话
action-go-first-help = 转到第一条消息
action-go-last-help = 转到最后一条消息
action-go-unread-help = 转到第一条未读消息
action-up-help = 向上移动
action-down-help = 向下移动
action-confirm-help = 打开、接受或确认
action-back-help = 后退一步
action-commands-help = 离开输入，字母变为命令
action-zone-next-help = 转到下一区域
action-zone-previous-help = 转到上一区域
action-palette-help = 按名称查找任何命令
action-help-help = 显示此处可用的按键
action-reconnect-help = 立即连接服务端
action-repaint-help = 重新绘制屏幕
action-language-help = 更改界面语言
action-theme-help = 更改配色
action-quit-help = 退出程序，草稿会保留

## Caret keys in the composer, for help

help-caret-words = 按词移动
help-caret-line = 行首和行尾
help-delete-word = 删除前一个词
help-delete-line = 删除到行首
help-title-composer = 帮助：此处的按键（输入）
help-title-commands = 帮助：此处的按键（命令）
help-search = 输入以搜索
help-then = { $key }，然后：
help-language = 语言 { $name }

## Why an action is off

off-offline = 离线
off-turned-away = 服务器不再接受此终端；您的文字已保留
off-no-chat = 没有打开的对话
off-not-yours = 此对话不属于您（按 c 接入）
off-other-owner = 此对话由 { $name } 负责
off-yours-already = 此对话已属于您
off-closed = 此对话已关闭
off-not-closed = 此对话未关闭
off-blocked = 访客已屏蔽
off-not-blocked = 访客未被屏蔽
off-right = 您的角色无此权限
off-channel = 此渠道不支持
off-window = 回复窗口已关闭
off-nothing = 没有可操作的对象
off-no-text = 请先写文字
off-no-trouble = 这里没有发送失败的回复
off-no-contact = 访客没有留下新的联系方式
off-queue-empty = 没有人在等待

## Hints of popups

hint-run = Enter 执行
hint-choose = Enter 选择
hint-filter = Enter 保留   上、下 选择   Esc 清除
hint-search = Enter 搜索
hint-insert = Enter 插入（再按 Enter 发送）
hint-transfer = Enter 转接
hint-block = Enter 屏蔽
hint-close-chat = Enter 关闭对话
hint-save = Enter 保存
hint-pick = 1-9 选择
hint-pick-zero = 0-9 选择
hint-move = 方向键移动
hint-group = Tab 分组
hint-note = Tab 备注
hint-next-field = Tab 下一字段
hint-tick = 空格勾选
hint-reason = 数字选原因
hint-length = 左右键选时长
hint-cancel = Esc 取消
hint-close = Esc 关闭
hint-undo = { $seconds } 秒内按 u 撤销

## Popups

popup-commands = 命令
popup-templates = 模板
popup-template-missing = 缺少：{ $names }
popup-template-nothing-missing = 内容齐全
popup-template-fallback = 语言为 { $language }，没有对话语言的版本
popup-transfer = 将 { $name } 转给
popup-transfer-note = 将 { $name } 转给 { $target }
popup-transfer-queue = 放回队列（保留已等待 { $time }）
popup-transfer-open = 进行中 { $count }
popup-transfer-online = 在线 { $count }
popup-transfer-waiting = 等待 { $count }
popup-transfer-speaks = 语言：{ $languages }
popup-transfer-offline = 离线
popup-transfer-comment = 给接手人的备注（可选，Tab 编辑）：
popup-category = 分类
popup-category-none = 无分类
popup-close = 关闭 { $name }
popup-close-pick = 请先选择分类
popup-block = 屏蔽 { $name }
popup-block-reason = 原因
popup-block-length = 时长
popup-block-also = 同时
popup-block-close = 关闭此对话
popup-block-told = 访客不会收到通知。操作会记入日志。
popup-unblock-ask = 访客已被屏蔽。Enter 解除屏蔽，Esc 保留。
popup-contacts-ask = Enter 发送文字并附上电话和邮箱按钮，Esc 不发送。
popup-find = 查找
popup-card = 访客
popup-quit-unsent = 还有 { $count } 条消息未发送。Ctrl+C 退出，Esc 留下。
popup-other-layout = 也按另一键盘布局查找：{ $typed } -> { $read }
popup-nothing-found = 没有结果
popup-finding = 正在搜索…
popup-find-ask = Enter 搜索所有对话，包括已关闭的
block-spam = 垃圾信息
block-abuse = 辱骂
block-fraud = 欺诈
block-other = 其他

## Visitor's card

card-title = 访客
card-name = 姓名
card-phone = 电话
card-email = 邮箱
card-crm = CRM 编号
card-notes = 备注
card-channel = 渠道
card-language = 语言
card-entry = 来源
card-category = 分类
card-status = 状态
card-since = 自 { $date }
card-local-time = 当地时间 { $time }
card-earlier = 历史对话
card-links = 链接和文件
card-blocked-until = 屏蔽至 { $time }
card-blocked = 永久屏蔽
card-found = 访客提供了 { $value }。Enter 存入资料，Esc 忽略。

## Short messages after an action, and their undo

done-claimed = 对话已归您
done-released = 已放回队列
done-transferred = 已转给 { $target }
done-categorized = 分类：{ $category }
done-closed = 已关闭
done-reopened = 已重新打开
done-blocked = 已屏蔽
done-unblocked = 已解除屏蔽
done-noted = 备注已保存
done-copied = 已复制
done-copy-too-long = 太长，无法复制（最多 { $limit } KB）
done-undone = 已撤销
done-nothing-to-undo = 没有可撤销的操作
done-taken-back = 已撤回，可修改后重新发送
done-with-undo = { $text }（按 u 撤销）
done-kept-draft = 您的文字已存为草稿
done-quit-again = 再按一次 Ctrl+C 退出
lost-claim = { $name } 在 { $time } 前接入了此对话
lost-claim-note = { $text }；您写的内容已存为备注

## Refusals by their code; each says what to do next where there is something to do

refusal-owned = 此对话由 { $name } 负责；请接管或写备注
refusal-not_claimed = 此对话尚未接入，请先接入
refusal-finished = 对话已彻底关闭；访客的下一条消息会开启新对话
refusal-closed = 对话已关闭，请先重新打开
refusal-not_closed = 对话未关闭
refusal-no_such_chat = 没有您可见的此对话
refusal-no_such_message = 此对话中没有该消息
refusal-not_allowed = 您的角色无此权限，请联系主管
refusal-visitor_blocked = 访客已屏蔽，请先解除
refusal-not_blocked = 访客未被屏蔽
refusal-window_closed = 回复窗口已关闭；只有访客来信才能重新打开
refusal-window_closed-human_agent = 回复窗口已关闭；再按 Enter 以人工客服身份发送
refusal-empty_text = 没有可发送的内容
refusal-file_too_big = 文件对该渠道来说过大；请发送较小的文件或链接
refusal-no_such_file = 文件已不存在；请重新发送
refusal-too_long = 文字有 { $length } 个字符，渠道上限为 { $limit }；请拆分
refusal-empty_placeholder = { $name } 未填写；请填写或删除
refusal-not_supported = 此渠道不支持该操作
refusal-channel_gone = 此对话的渠道已不在配置中，请联系管理员
refusal-unknown_category = 没有该分类，请从列表中选择
refusal-category_required = 关闭前需要分类，请选择
refusal-unknown_operator = 没有客服 { $name }
refusal-unknown_department = 没有部门 { $name }
refusal-same_target = 对话已在该处
refusal-already_leaving = 回复已发出，请另写一条
refusal-not_retryable = 此回复无需重试
refusal-reason_required = 屏蔽需要填写原因
refusal-field_too_long = 文字超过 { $limit } 个字符，请缩短
refusal-refused_before = 此操作已被拒绝；如仍需要，请重试
refusal-hold_too_long = 回复最多保留 { $limit } 秒
refusal-unknown = 服务端拒绝：{ $sentence }

## Errors of the desk itself

error-drafts-save = 草稿无法保存：{ $cause }
error-drafts-damaged = 草稿文件已损坏，原文件保存为 { $file }
error-open = 无法打开 { $target }：{ $cause }
error-link-kind = 只能打开 http、https、mailto 和 tel 链接
error-unknown-slash = 没有命令 /{ $name }；未发送任何内容
error-key-clash = { $key } 同时绑定到 { $first } 和 { $second }；已使用默认值

## Notifications and the terminal's title; never a visitor's words

notify-queue = 队列中有新对话
notify-mine = 您的对话有新消息
notify-transferred = 有对话转给了您
notify-mentioned = 有备注提到了您
notify-failed = 有回复发送失败
title = Deskwire
title-unread = ({ $count }) Deskwire
you = { $name }（您）

## Added with the app

action-blocks = 封禁名单
action-blocks-help = 当前被封禁的访客；可以解除
action-messages = 消息
action-messages-help = 重发或放弃未送达的回复
action-add-contact = 保存联系方式
action-add-contact-help = 把访客给出的联系方式写入名片
action-save-template = 存为模板
action-save-template-help = 把这段文字存为我的模板
action-interrupt = 中断
action-interrupt-help = 关闭弹窗；连按两次退出
block-until = 至 { $time }
done-template = 模板已保存
popup-messages = 有问题的回复
popup-quote = 引用哪条消息
popup-quote-none = 不引用
popup-blocks = 被封禁的访客
popup-help = 帮助
popup-human = 回复窗口已关闭。Enter 以人工客服身份发送，Esc 返回。
popup-close-ask = Enter 关闭对话，Esc 保持打开。
action-start-chat = 发起对话
action-start-chat-help = 主动联系访客
action-own-templates = 我的模板
action-own-templates-help = 修改或删除自己的模板
action-sessions = 登录
action-sessions-help = 查看谁已登录并结束登录
template-change = 修改
template-delete = 删除
off-visitor-first = 这些渠道须由访客先写
done-opened = 已在浏览器中打开
done-link-copied = 地址已复制
done-template-deleted = 模板已删除
notice-changing-template = 改写模板后另存为模板
popup-own-templates = 我的模板
popup-file = 发送文件给 { $name }
popup-template-title = 存为模板
popup-template-title-ask = 标题，或 分组 / 标题，可留空。
popup-sessions = 已登录
hint-end-session = Enter 结束登录
session-this = 本机，{ $time } 使用
session-used = { $time } 使用
block-dropped = 已丢弃 { $count }
block-own-hours = { $count } 小时（自定）
block-own-ask = 请先输入时长（小时），1 至 8760
hint-own-length = Tab 自定小时
category-retired = 已停用：{ $name }
popup-take-over = { $name } 正在负责此对话。Enter 接管，您的文字保留；Esc 取消。
notify-taken = 您的对话被接管
done-taken = { $name } 接管了您与 { $visitor } 的对话
done-hidden = 您已无法查看与 { $name } 的对话
status-event = 事件 { $seq }
status-event-lag = 事件 { $seq } +{ $milliseconds } 毫秒
status-channels = 渠道 { $sound }/{ $count }
popup-too-long = 一条消息放不下
popup-long-parts = 分成 { $count } 条带编号的消息发送
popup-long-trim = 只保留前 { $limit } 个字符，发送前请查看
done-trimmed = 已截短到渠道上限；按 Enter 发送
card-more = 更早的…
card-photo = 照片
card-crm-link = CRM
card-waits = 已等待 { $time }
card-began = 开始于
templates-all = 全部
template-scope-mine = 仅供自己
template-scope-all = 供所有人
popup-template-for = { $name }（Tab 更换）
hint-section = Tab 分组
hint-language = < > 语言
hint-for-whom = Tab 供谁使用
