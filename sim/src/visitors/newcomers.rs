//! The people who come in later, one at a time, so that the desk stays alive. Data only; everyone is invented.

use super::person::Act::{Reacts, SendsPhoto, Writes};
use super::person::{Branch, Role};

/// Taken in turn, from a seeded start.
pub(super) static NEWCOMERS: &[Role] = &[
    Role {
        first_name: "Ирина",
        last_name: "Соболева",
        opening: &[Writes(
            "Добрый день! Можно ли поменять размер в заказе, если его ещё не отправили?",
        )],
        branches: &[Branch {
            keywords: &["номер", "какой", "размер"],
            acts: &[Writes("Заказ 4452-11, нужен 46-й вместо 44-го 🙏")],
        }],
        fallbacks: &[
            &[Writes("Спасибо, очень выручили!"), Reacts("❤️")],
            &[Writes("Хорошего дня! ☀️")],
        ],
    },
    Role {
        first_name: "Emily",
        last_name: "Prescott",
        opening: &[Writes(
            "Do you gift wrap? It's for my sister's birthday on Sunday 🎂",
        )],
        branches: &[Branch {
            keywords: &["yes", "we do", "of course", "sure"],
            acts: &[Writes(
                "Lovely! The green paper then, please. And a small card?",
            )],
        }],
        fallbacks: &[
            &[Writes("Okay, let me think about it.")],
            &[Writes("Thank you so much!")],
        ],
    },
    Role {
        first_name: "浩然",
        last_name: "李",
        opening: &[Writes("请问这款台灯还有货吗？"), SendsPhoto],
        branches: &[Branch {
            keywords: &["有", "yes", "stock", "есть"],
            acts: &[Writes("那请帮我留一个，我今晚付款。谢谢！")],
        }],
        fallbacks: &[&[Writes("什么时候会补货？")], &[Writes("好的，谢谢。")]],
    },
    Role {
        first_name: "Lukas",
        last_name: "Brandner",
        opening: &[Writes(
            "Grüß Gott, ich habe eine Rechnung ohne Umsatzsteuer bekommen. Können Sie das prüfen?",
        )],
        branches: &[Branch {
            keywords: &["nummer", "number", "rechnung"],
            acts: &[Writes(
                "Die Rechnungsnummer ist R-2026-0311, größter Posten 149,90 €.",
            )],
        }],
        fallbacks: &[
            &[Writes("Alles klar, ich warte.")],
            &[Writes("Vielen Dank für die schnelle Hilfe!")],
        ],
    },
    Role {
        first_name: "Дмитрий",
        last_name: "Ершов",
        opening: &[Writes(
            "Промокод ОСЕНЬ10 не срабатывает, пишет «код не найден»",
        )],
        branches: &[Branch {
            keywords: &[
                "латин",
                "раскладк",
                "скопир",
                "попроб",
                "ещё раз",
                "еще раз",
            ],
            acts: &[Writes(
                "О, сработало! Видимо, буквы были латинские 😅 Спасибо",
            )],
        }],
        fallbacks: &[
            &[Writes("Пробовал и с телефона, и с компьютера")],
            &[Writes("Понял, спасибо"), Reacts("👍")],
        ],
    },
    Role {
        first_name: "Lucía",
        last_name: "Fernández",
        opening: &[Writes(
            "¡Hola! ¿Hacen envíos a España? ¿Cuánto tardaría a Sevilla?",
        )],
        branches: &[Branch {
            keywords: &["sí", "si,", "yes", "días", "days"],
            acts: &[Writes(
                "¡Perfecto! Entonces hago el pedido esta tarde. Gracias 😊",
            )],
        }],
        fallbacks: &[
            &[Writes("¿Y hay que pagar aduana?")],
            &[Writes("Muchas gracias por su ayuda.")],
        ],
    },
    Role {
        first_name: "Thomas",
        last_name: "Ashby",
        opening: &[Writes(
            "Morning. Can I change the delivery address on an order I placed an hour ago?",
        )],
        branches: &[Branch {
            keywords: &["number", "which order", "address"],
            acts: &[Writes(
                "AC-21044. New address: Flat 3, 9 Orchard Close, Sampleton.",
            )],
        }],
        fallbacks: &[&[Writes("Great, thanks for the help.")], &[Writes("👍")]],
    },
    Role {
        first_name: "Анна",
        last_name: "Берёзкина",
        opening: &[Writes("Курьер не приехал, хотя обещали с 10 до 14 😕")],
        branches: &[Branch {
            keywords: &["телефон", "номер"],
            acts: &[Writes("Заказ 4460-05, телефон в заказе указан верный")],
        }],
        fallbacks: &[
            &[Writes("А сегодня ещё успеете?")],
            &[Writes("Хорошо, жду. Спасибо 🌼")],
        ],
    },
];
