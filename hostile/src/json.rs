//! JSON at its edges (B-05), around one message of a Page.

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 200: the message in it is there.
    Understood,
    /// 200: kept raw, for people to look at.
    Kept,
    /// 200: there was nothing in it.
    Empty,
    /// 413.
    TooLarge,
}

/// A body and what becomes of it.
#[derive(Debug, Clone)]
pub struct Document {
    /// What is odd about it.
    pub name: &'static str,
    /// The bytes; a message in it has the id `m_json_<place in the list>`.
    pub body: Vec<u8>,
    /// See [`Outcome`].
    pub outcome: Outcome,
}

/// Builds the bodies of one Page.
struct Maker<'a> {
    page: &'a str,
    made: Vec<Document>,
}

/// Returns the documents, addressed to a Page.
pub fn documents(page: &str) -> Vec<Document> {
    let mut maker = Maker { page, made: vec![] };
    maker.no_documents();
    maker.depths();
    maker.widths();
    maker.numbers();
    maker.members();
    maker.texts();
    maker.encodings();
    maker.made
}

impl Maker<'_> {
    fn push(&mut self, name: &'static str, body: impl Into<Vec<u8>>, outcome: Outcome) {
        let body = body.into();
        self.made.push(Document {
            name,
            body,
            outcome,
        });
    }

    /// A message whose `text` and further members are these bytes.
    fn message(&self, text: &str, more: &str) -> String {
        let (page, number) = (self.page, self.made.len());
        format!(
            r#"{{"object":"page","entry":[{{"id":"{page}","time":1600000000000,"messaging":[{{"sender":{{"id":"77{number}"}},"recipient":{{"id":"{page}"}},"timestamp":1600000000000,"message":{{"mid":"m_json_{number}","text":{text}{more}}}}}]}}]}}"#
        )
    }

    /// With a further member of the message.
    fn with(&mut self, name: &'static str, member: &str, outcome: Outcome) {
        let body = self.message("\"hello\"", &format!(",\"surprise\":{member}"));
        self.push(name, body, outcome);
    }

    /// With this text, quotes and all.
    fn saying(&mut self, name: &'static str, text: &str, outcome: Outcome) {
        let body = self.message(text, "");
        self.push(name, body, outcome);
    }

    fn no_documents(&mut self) {
        use Outcome::{Empty, Kept};
        self.push("nothing", "", Kept);
        self.push("spaces", " \r\n\t ", Kept);
        self.push("null", "null", Kept);
        self.push("a bool", "true", Kept);
        self.push("a number", "0", Kept);
        self.push("a text", "\"page\"", Kept);
        self.push("an empty list", "[]", Empty);
        self.push("an empty object", "{}", Kept);
        self.push("a list of no entries", "[null,1,\"x\",[],{}]", Kept);
        self.push(
            "an object of no page",
            r#"{"object":"moon","entry":[]}"#,
            Kept,
        );
    }

    fn depths(&mut self) {
        use Outcome::{Kept, TooLarge, Understood};
        let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        // The member lies in six others; a reader takes 127 in all.
        self.with("depth 127", &nest(127 - 6), Understood);
        self.with("depth 128", &nest(128 - 6), Kept);
        self.with("depth 127 of objects", &objects(127 - 6), Understood);
        self.with("depth 100,000", &nest(100_000), Kept);
        self.with("depth 100,000 of objects", &objects(100_000), Kept);
        self.push("100,000 open brackets", "[".repeat(100_000), Kept);
        self.push("1,000,000 open brackets", "[".repeat(1_000_000), Kept);
        self.push("2,000,000 open brackets", "[".repeat(2_000_000), TooLarge);
    }

    fn widths(&mut self) {
        use Outcome::{Kept, TooLarge, Understood};
        let keys = |count: usize| {
            let keys: Vec<_> = (0..count).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", keys.join(","))
        };
        let elements = |count: usize| format!("[{}0]", "0,".repeat(count));
        self.with("50,000 keys", &keys(50_000), Understood);
        self.with("1,000,000 keys", &keys(1_000_000), TooLarge);
        self.with("500,000 elements", &elements(500_000), Understood);
        self.with("1,000,000 elements", &elements(1_000_000), TooLarge);
        self.push("500,000 entries of no kind", elements(500_000), Kept);
        let (page, events) = (self.page, elements(200_000));
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"{page}","messaging":{events}}}]}}"#);
        self.push("200,000 events of no kind", body, Kept);
        let entry = format!(r#"{{"id":"{page}","changed_fields":[]}}"#);
        let entries = vec![entry; 10_000].join(",");
        let body = format!(r#"{{"object":"page","entry":[{entries}]}}"#);
        self.push("10,000 entries of names only", body, Kept);
    }

    fn numbers(&mut self) {
        use Outcome::{Kept, Understood};
        self.with("a number of 1 MiB", &"9".repeat((1 << 20) - 1024), Kept);
        self.with("1e400", "1e400", Kept);
        self.with("1e-400", "1e-400", Understood);
        self.with("minus nothing", "-0", Understood);
        let digits = format!("0.{}", "3".repeat(10_000));
        self.with("10,000 digits behind the point", &digits, Understood);
        self.with("NaN", "NaN", Kept);
        self.with("Infinity", "-Infinity", Kept);
        self.with("hexadecimal", "0x10", Kept);
        self.with("a leading zero", "01", Kept);
        self.with("a leading plus", "+1", Kept);
    }

    fn members(&mut self) {
        use Outcome::{Kept, Understood};
        let body = self.message("\"first\"", ",\"text\":\"second\"");
        self.push("a member twice", body, Understood);
        let last = self.message("\"hello\"", "");
        let body = last.replacen('{', r#"{"object":"moon","entry":null,"#, 1);
        self.push("members of the root twice", body, Understood);
        self.with(
            "a prototype",
            r#"{"__proto__":{"is_echo":true},"constructor":1}"#,
            Understood,
        );
        let key = format!("{{\"{}\":1,\"\":2}}", "k".repeat(500_000));
        self.with("a key of 500 kB and an empty one", &key, Understood);
        self.with("a trailing comma", "[1,]", Kept);
        self.with("a key without quotes", "{key:1}", Kept);
        self.with("single quotes", "'text'", Kept);
        self.with("a comment", "/* no */ 1", Kept);
    }

    fn texts(&mut self) {
        use Outcome::{Kept, Understood};
        self.saying("a lone high surrogate", r#""\ud800""#, Kept);
        self.saying("a lone low surrogate", r#""\udc00""#, Kept);
        self.saying("surrogates the wrong way round", r#""\udc00\ud800""#, Kept);
        self.saying("a pair of surrogates", r#""\ud83d\ude9a""#, Understood);
        self.saying("U+0000, escaped", r#""a\u0000b""#, Understood);
        self.saying("U+0000, raw", "\"a\0b\"", Kept);
        self.saying("a raw newline", "\"a\nb\"", Kept);
        self.saying("an unknown escape", r#""\x41""#, Kept);
        self.saying(
            "every letter escaped",
            r#""\u0068\u0065\u006c\u006c\u006f""#,
            Understood,
        );
        let long = format!("\"{}\"", "A".repeat(1_000_000));
        self.saying("a text of 1 MB", &long, Understood);
    }

    fn encodings(&mut self) {
        use Outcome::{Kept, Understood};
        let body = self.message("\"hello\"", "");
        self.push("a byte order mark", format!("\u{feff}{body}"), Kept);
        let body = self.message("\"hello\"", "");
        let wide: Vec<_> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.push("UTF-16", wide, Kept);
        for (name, bytes) in [
            ("a byte that is no UTF-8", &b"\xff"[..]),
            ("an overlong slash", &b"\xc0\xaf"[..]),
            ("a surrogate in UTF-8", &b"\xed\xa0\x80"[..]),
            ("half a letter", &b"\xd0"[..]),
        ] {
            let body = self.message("\"@\"", "").into_bytes();
            let at = body
                .iter()
                .position(|byte| *byte == b'@')
                .unwrap_or_default();
            let (before, behind) = body.split_at(at);
            let behind = behind.get(1..).unwrap_or_default();
            self.push(name, [before, bytes, behind].concat(), Kept);
        }
        let body = self.message("\"hello\"", "");
        let half = body.get(..body.len() / 2).unwrap_or_default().to_owned();
        self.push("cut in the middle", half, Kept);
        let body = self.message("\"hello\"", "");
        self.push("something behind it", format!("{body} and more"), Kept);
        let body = self.message("\"hello\"", "");
        self.push("two documents", format!("{body}{body}"), Kept);
        let body = self.message("\"hello\"", "");
        let spaced = body.replace(':', " :\r\n\t ");
        self.push("white space everywhere", spaced, Understood);
    }
}
