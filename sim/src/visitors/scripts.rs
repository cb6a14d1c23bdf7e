//! The people who are there from the first seconds: names, words, keywords. Data only; everyone is invented.

use super::person::Act::{Reacts, SendsPhoto, Writes};
use super::person::{Branch, Role};

/// In the order they begin to write.
pub(super) static REGULARS: &[Role] = &[
    DOUBLE_PAYMENT,
    ORDER,
    SHIPPING,
    PHOTO,
    TEN_LINES,
    CURSES,
    SILENT,
    HOSTILE,
];

/// A Russian woman who was charged twice.
const DOUBLE_PAYMENT: Role = Role {
    first_name: "Марина",
    last_name: "Ковалёва",
    opening: &[
        Writes("Здравствуйте! 🙏"),
        Writes("У меня дважды списали деньги за один заказ 😱 по 2 490 ₽"),
    ],
    branches: &[
        Branch {
            keywords: &["номер", "заказ"],
            acts: &[
                Writes("Номер заказа 4417-18"),
                Writes("Оплачивала картой, вчера около восьми вечера"),
            ],
        },
        Branch {
            keywords: &["скрин", "чек", "выписк", "фото"],
            acts: &[Writes("Сейчас пришлю 📎"), SendsPhoto],
        },
        Branch {
            keywords: &["верн", "возврат"],
            acts: &[Writes(
                "Ой, спасибо большое! 😊 А сколько ждать, пока деньги придут на карту?",
            )],
        },
        Branch {
            keywords: &["день", "дней", "дня", "банк"],
            acts: &[
                Reacts("❤️"),
                Writes("Поняла, подожду. Спасибо, что так быстро ответили 💐"),
            ],
        },
        Branch {
            keywords: &["здравств", "добр", "привет"],
            acts: &[Writes("Подскажите, пожалуйста, что мне теперь делать? 😔")],
        },
    ],
    fallbacks: &[
        &[Writes("А второе списание вы у себя видите?")],
        &[Writes("Хорошо, я на связи 🙂")],
        &[Writes("Спасибо!"), Reacts("👍")],
    ],
};

/// An English man about his order.
const ORDER: Role = Role {
    first_name: "Oliver",
    last_name: "Hartley",
    opening: &[Writes(
        "Hi, I ordered a kettle last Tuesday and the tracking hasn't moved for five days. Any idea where it is?",
    )],
    branches: &[
        Branch {
            keywords: &["order number", "number", "reference"],
            acts: &[Writes("It's AC-20931. Name on the parcel is O. Hartley.")],
        },
        Branch {
            keywords: &["address", "postcode"],
            acts: &[Writes(
                "14 Mill Lane, Sampleton. The postcode is on the order, I believe.",
            )],
        },
        Branch {
            keywords: &[
                "refund",
                "replacement",
                "resend",
                "send you a new",
                "new one",
            ],
            acts: &[Writes(
                "A replacement would be great, thanks. Would it get here before Friday?",
            )],
        },
        Branch {
            keywords: &["friday", "tomorrow", "monday", "day"],
            acts: &[
                Reacts("👍"),
                Writes("Brilliant, that works. Cheers for sorting it out!"),
            ],
        },
        Branch {
            keywords: &["hello", "hi ", "hi,", "good morning", "good afternoon"],
            acts: &[Writes("Hello! Thanks for coming back to me so quickly.")],
        },
    ],
    fallbacks: &[
        &[Writes("OK. Is there anything you need from me?")],
        &[Writes("Right, I'll keep an eye on my email then.")],
        &[Writes("Thanks, that's all from me 🙂")],
    ],
};

/// A Chinese customer about shipping.
const SHIPPING: Role = Role {
    first_name: "晓雯",
    last_name: "陈",
    opening: &[
        Writes("你好，请问可以寄到上海吗？"),
        Writes("运费大概是多少？"),
    ],
    branches: &[
        Branch {
            keywords: &["天", "days", "week", "周"],
            acts: &[Writes("好的，时间没问题。可以用支付宝付款吗？")],
        },
        Branch {
            keywords: &["可以", "能寄", "yes", "ship", "да,"],
            acts: &[Writes("太好了！一般要几天能到？")],
        },
        Branch {
            keywords: &["支付", "alipay", "pay"],
            acts: &[Writes("明白了，那我现在就下单 👌")],
        },
        Branch {
            keywords: &["地址", "address"],
            acts: &[Writes("地址是：上海市静安区示例路88号，收件人陈晓雯。")],
        },
        Branch {
            keywords: &["你好", "您好", "hello"],
            acts: &[Writes("您好！我想买三个茶杯，蓝色的。")],
        },
    ],
    fallbacks: &[
        &[Writes("不好意思，我没太明白，可以再说一遍吗？")],
        &[Writes("好的，谢谢您！")],
        &[Writes("没有别的问题了，祝您工作愉快 🌸")],
    ],
};

/// A man whose parcel arrived broken, with a picture of it.
const PHOTO: Role = Role {
    first_name: "Daniel",
    last_name: "Okafor",
    opening: &[Writes("The mug arrived like this:"), SendsPhoto],
    branches: &[
        Branch {
            keywords: &["another photo", "picture", "photo", "angle", "box"],
            acts: &[SendsPhoto, Writes("Here's one of the box as well.")],
        },
        Branch {
            keywords: &["sorry"],
            acts: &[Writes(
                "No worries, these things happen. Can you send me another one?",
            )],
        },
        Branch {
            keywords: &["number", "order"],
            acts: &[Writes("Order AC-20877, two mugs. The other one is fine.")],
        },
        Branch {
            keywords: &["refund", "replace", "new", "send"],
            acts: &[Reacts("❤️"), Writes("Perfect, thank you!")],
        },
    ],
    fallbacks: &[
        &[Writes("So do I need to post the pieces back to you?")],
        &[Writes("Okay, understood.")],
    ],
};

/// Someone who presses Enter after every few words.
const TEN_LINES: Role = Role {
    first_name: "Артём",
    last_name: "Лисицын",
    opening: &[
        Writes("привет"),
        Writes("у меня вопрос"),
        Writes("по доставке"),
        Writes("я заказывал лампу"),
        Writes("и ещё абажур к ней"),
        Writes("лампа пришла"),
        Writes("а абажура в коробке нет"),
        Writes("при этом в накладной он есть"),
        Writes("заказ 4390-02"),
        Writes("что делать?)"),
    ],
    branches: &[
        Branch {
            keywords: &["довез", "дошл", "отправ", "вышл", "привез"],
            acts: &[Writes("о"), Writes("супер"), Writes("а когда?")],
        },
        Branch {
            keywords: &["завтра", "день", "дня", "дней", "понедельник", "пятниц"],
            acts: &[
                Writes("отлично"),
                Writes("буду дома после 18"),
                Reacts("👍"),
            ],
        },
        Branch {
            keywords: &["адрес"],
            acts: &[
                Writes("адрес тот же"),
                Writes("ул. Примерная, 12"),
                Writes("кв. 7"),
            ],
        },
    ],
    fallbacks: &[
        &[Writes("ага"), Writes("жду")],
        &[Writes("ок"), Writes("спасибо")],
    ],
};

/// Someone angry enough to be blocked.
const CURSES: Role = Role {
    first_name: "Глеб",
    last_name: "Штормов",
    opening: &[
        Writes("Вы там совсем ох**ли?!"),
        Writes("Третью неделю жду, а вам по ф*г. Шарашкина контора 🤬"),
    ],
    branches: &[
        Branch {
            keywords: &["извин", "прост", "прошу"],
            acts: &[Writes(
                "Да засуньте себе свои извинения. Где мой заказ, бл*?",
            )],
        },
        Branch {
            keywords: &["номер"],
            acts: &[Writes(
                "Какой на х** номер, вы сами ничего найти не можете?!",
            )],
        },
        Branch {
            keywords: &["заблок", "оскорб", "вежлив", "мат"],
            acts: &[Writes("Ну и блокируйте, мне пох** 🖕")],
        },
    ],
    fallbacks: &[
        &[Writes(
            "Хватит отписываться по шаблону, роботы недоделанные",
        )],
        &[Writes("Я на вас жалобу напишу. И во все отзывы тоже!")],
        &[Writes("🤬🤬🤬")],
    ],
};

/// Someone who asks and then is gone.
const SILENT: Role = Role {
    first_name: "Grace",
    last_name: "Lindqvist",
    opening: &[Writes("Hello, do you have the oak shelf in stock?")],
    branches: &[],
    fallbacks: &[],
};

/// Someone whose text tries to break the screen: a family of emoji, right-to-left text, terminal escapes, a bidi
/// override, a fake status line. Harmless where it is shown as text.
const HOSTILE: Role = Role {
    first_name: "נועה \u{202e}kcah",
    last_name: "\u{1b}[31mכהן\u{1b}[0m",
    opening: &[
        Writes("שלום! 👨‍👩‍👧‍👦 אני מחפשת מתנה למשפחה, עד 300 ₪"),
        Writes(
            "\u{1b}[2J\u{1b}[H\u{1b}]0;owned\u{7}\u{1b}[?1049l\u{9b}31m \u{202e}txet desrever\u{202c} \
             e\u{301}\u{301}\u{301}\u{200b}\u{feff} \u{8}\u{8}\u{8}\r[relay] connection lost\u{0}",
        ),
    ],
    branches: &[
        Branch {
            keywords: &["שלום", "hello", "здрав"],
            acts: &[Writes("תודה! יש לכם סט כוסות ב־4 צבעים? 🏳️‍🌈👩🏽‍🚀")],
        },
        Branch {
            keywords: &["כן", "yes", "да"],
            acts: &[Writes("מעולה, אקח אחד. أريد أيضًا بطاقة هدية 🎁")],
        },
    ],
    fallbacks: &[
        &[Writes(
            "\u{1b}]52;c;aGFybWxlc3M=\u{7}אפשר גם באנגלית?\u{2066}\u{2067}",
        )],
        &[Writes("תודה רבה, יום נעים! 🌷")],
    ],
};
