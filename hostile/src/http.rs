//! Requests that are hardly any (B-04), as they go over the line.

use std::time::Duration;

/// One thing a client does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes at once.
    Send(Vec<u8>),
    /// Writes a byte now and then, for ever.
    Drip(Duration),
    /// Says that nothing more comes.
    Finish,
}

/// What the relay does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Answers with one of these.
    Answered(&'static [u16]),
    /// Ends the connection, with one of these first or without a word.
    Refused(&'static [u16]),
    /// Answers so many times, each time with this.
    AnsweredTimes(usize, u16),
}

/// A client and what becomes of it.
#[derive(Debug, Clone)]
pub struct Client {
    /// What is wrong with it.
    pub name: &'static str,
    /// What it does.
    pub steps: Vec<Step>,
    /// See [`Outcome`].
    pub outcome: Outcome,
}

/// A header that asks for the end of the connection, so that a test need not wait for it.
const LAST: &str = "Host: desk\r\nConnection: close\r\n";
/// What is no request at all.
const BAD: Outcome = Outcome::Refused(&[400]);

/// Returns the clients. `hook` is the path of a channel's webhooks.
pub fn clients(hook: &str) -> Vec<Client> {
    let mut clients = vec![];
    lengths(hook, &mut clients);
    lines(&mut clients);
    sizes(hook, &mut clients);
    slow(hook, &mut clients);
    bodies(hook, &mut clients);
    others(hook, &mut clients);
    clients
}

fn push(
    clients: &mut Vec<Client>,
    name: &'static str,
    bytes: impl Into<Vec<u8>>,
    outcome: Outcome,
) {
    let steps = vec![Step::Send(bytes.into())];
    clients.push(Client {
        name,
        steps,
        outcome,
    });
}

fn post(hook: &str, headers: &str, body: &str) -> String {
    format!("POST {hook} HTTP/1.1\r\n{LAST}{headers}\r\n{body}")
}

/// Two ways to say where a body ends are two different requests to two readers (CWE-444). Of a length beside chunks the
/// chunks hold, and the connection ends with the answer (RFC 9112, 6.3); two equal lengths are one (RFC 9110, 8.6).
fn lengths(hook: &str, clients: &mut Vec<Client>) {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let chunk = "5\r\nhello\r\n0\r\n\r\n";
    let mut add = |name, headers: &str, body: &str, outcome| {
        push(clients, name, post(hook, headers, body), outcome);
    };
    add(
        "two lengths",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "hello!",
        BAD,
    );
    add(
        "two equal lengths",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "hello",
        Outcome::Answered(&[400, 403]),
    );
    add(
        "a list of lengths",
        "Content-Length: 5, 5\r\n",
        "hello",
        BAD,
    );
    add("a negative length", "Content-Length: -5\r\n", "hello", BAD);
    add(
        "a length with a plus",
        "Content-Length: +5\r\n",
        "hello",
        BAD,
    );
    add(
        "a length in hexadecimal",
        "Content-Length: 0x5\r\n",
        "hello",
        BAD,
    );
    add(
        "a length with a space",
        "Content-Length: 5 5\r\n",
        "hello",
        BAD,
    );
    add("an empty length", "Content-Length: \r\n", "hello", BAD);
    add(
        "a length past 64 bits",
        "Content-Length: 18446744073709551621\r\n",
        "hello",
        BAD,
    );
    add(
        "length beside chunked",
        &format!("Content-Length: 5\r\n{chunked}"),
        chunk,
        Outcome::AnsweredTimes(1, 403),
    );
    add(
        "chunked beside length",
        &format!("{chunked}Content-Length: 5\r\n"),
        chunk,
        Outcome::AnsweredTimes(1, 403),
    );
    add(
        "an unknown coding",
        "Transfer-Encoding: cow\r\n",
        "hello",
        BAD,
    );
    add(
        "chunked, then another",
        "Transfer-Encoding: chunked, cow\r\n",
        chunk,
        BAD,
    );
    add(
        "another, then chunked",
        "Transfer-Encoding: cow, chunked\r\n",
        chunk,
        BAD,
    );
    add(
        "chunked twice",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        chunk,
        BAD,
    );
    add(
        "a coding with a vertical tab",
        "Transfer-Encoding: \x0bchunked\r\n",
        chunk,
        BAD,
    );
    add(
        "a coding before the colon",
        "Transfer-Encoding : chunked\r\n",
        chunk,
        BAD,
    );
    add(
        "a chunk size past 64 bits",
        chunked,
        "fffffffffffffffff\r\nhello",
        BAD,
    );
    add("a negative chunk", chunked, "-5\r\nhello\r\n0\r\n\r\n", BAD);
    add(
        "a chunk size of no digits",
        chunked,
        "\r\nhello\r\n0\r\n\r\n",
        BAD,
    );
    add(
        "a chunk without its end",
        chunked,
        "5\r\nhelloworld\r\n0\r\n\r\n",
        BAD,
    );
    add(
        "a chunk extension of 100 kB",
        chunked,
        &format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000)),
        BAD,
    );
    add(
        "trailers of 100 kB",
        chunked,
        &format!("0\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
        BAD,
    );
    add(
        "200 trailers",
        chunked,
        &format!("0\r\n{}\r\n", "X: y\r\n".repeat(200)),
        BAD,
    );
    let old = format!("POST {hook} HTTP/1.0\r\n{LAST}{chunked}\r\n{chunk}");
    push(clients, "chunked in HTTP/1.0", old, BAD);
}

fn lines(clients: &mut Vec<Client>) {
    let mut add = |name, bytes: &[u8], outcome| push(clients, name, bytes, outcome);
    add(
        "a space before the colon",
        b"GET /healthz HTTP/1.1\r\nHost : desk\r\n\r\n",
        BAD,
    );
    add(
        "a folded header",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX: a\r\n b\r\n\r\n",
        BAD,
    );
    add(
        "a header without a name",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\n: x\r\n\r\n",
        BAD,
    );
    add(
        "a header without a colon",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX\r\n\r\n",
        BAD,
    );
    add(
        "NUL in a header",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX: a\0b\r\n\r\n",
        BAD,
    );
    add(
        "NUL in the path",
        b"GET /heal\0thz HTTP/1.1\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "a control character in a name",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX\x01: a\r\n\r\n",
        BAD,
    );
    add(
        "a lone CR in a header",
        b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX: a\rb\r\n\r\n",
        BAD,
    );
    add(
        "bare line feeds",
        b"GET /healthz HTTP/1.1\nHost: desk\nConnection: close\n\n",
        Outcome::Answered(&[200]),
    );
    add(
        "no host",
        b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        BAD,
    );
    add(
        "two hosts",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        BAD,
    );
    add("no host in HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", BAD);
    add("no version", b"GET /healthz\r\n\r\n", BAD);
    add(
        "HTTP/0.9",
        b"GET /healthz HTTP/0.9\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "HTTP/3.0",
        b"GET /healthz HTTP/3.0\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "HTTP/2 at once",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        BAD,
    );
    add(
        "a TLS hello",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        BAD,
    );
    add("an SSH greeting", b"SSH-2.0-OpenSSH_9.9\r\n", BAD);
    add("bytes of no protocol", &[0xff; 64], BAD);
    add(
        "no method",
        b" /healthz HTTP/1.1\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "a method with a quote",
        b"GE\"T /healthz HTTP/1.1\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "three spaces",
        b"GET   /healthz   HTTP/1.1\r\nHost: desk\r\n\r\n",
        BAD,
    );
    add(
        "letters that are no ASCII in a name",
        "GET /healthz HTTP/1.1\r\nHost: desk\r\nЖ: a\r\n\r\n".as_bytes(),
        BAD,
    );
}

fn sizes(hook: &str, clients: &mut Vec<Client>) {
    use Outcome::{Answered, Refused};
    let headers = |count: usize| "X: y\r\n".repeat(count);
    let get = |more: &str| format!("GET /healthz HTTP/1.1\r\n{LAST}{more}\r\n");
    push(clients, "100 headers", get(&headers(98)), Answered(&[200]));
    push(clients, "101 headers", get(&headers(99)), Refused(&[431]));
    push(
        clients,
        "10,000 headers",
        get(&headers(10_000)),
        Refused(&[431]),
    );
    push(
        clients,
        "a header of 500 kB",
        get(&format!("X: {}\r\n", "y".repeat(500_000))),
        Refused(&[431]),
    );
    push(
        clients,
        "a name of 500 kB",
        get(&format!("{}: y\r\n", "X".repeat(500_000))),
        Refused(&[400, 431]),
    );
    let long = format!("GET /{} HTTP/1.1\r\n{LAST}\r\n", "a".repeat(500_000));
    push(clients, "a path of 500 kB", long, Refused(&[414, 431]));
    let query = format!(
        "GET {hook}?{} HTTP/1.1\r\n{LAST}\r\n",
        "a=b&".repeat(10_000)
    );
    push(clients, "10,000 parameters", query, Answered(&[403]));
    push(
        clients,
        "a length of 2 GiB",
        post(hook, "Content-Length: 2147483648\r\n", "hello"),
        Refused(&[413]),
    );
    let body = "x".repeat(2 << 20);
    let sent = post(hook, &format!("Content-Length: {}\r\n", body.len()), &body);
    push(clients, "a body of 2 MiB", sent, Refused(&[413]));
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    push(
        clients,
        "a chunk of 2 MiB",
        post(hook, "Transfer-Encoding: chunked\r\n", &chunks),
        Refused(&[413]),
    );
    let small = "1\r\nx\r\n".repeat(20_000);
    let sent = post(
        hook,
        "Transfer-Encoding: chunked\r\n",
        &format!("{small}0\r\n\r\n"),
    );
    push(clients, "20,000 chunks of a byte", sent, Answered(&[403]));
}

/// Each holds a place until the relay takes it away.
fn slow(hook: &str, clients: &mut Vec<Client>) {
    let begun = |text: &str| Step::Send(text.as_bytes().to_vec());
    let drip = || Step::Drip(Duration::from_millis(500));
    let head = format!("POST {hook} HTTP/1.1\r\n{LAST}Content-Length: 100\r\n\r\n");
    let chunked = format!("POST {hook} HTTP/1.1\r\n{LAST}Transfer-Encoding: chunked\r\n\r\n");
    let ended = Outcome::Refused(&[400, 408]);
    let mut add = |name, steps| {
        clients.push(Client {
            name,
            steps,
            outcome: ended,
        });
    };
    add("silence", vec![]);
    add("one byte and silence", vec![begun("G")]);
    add("half a header", vec![begun("GET /healthz HTTP/1.1\r\nHos")]);
    add(
        "a whole header and no end",
        vec![begun("GET /healthz HTTP/1.1\r\nHost: desk\r\n")],
    );
    add(
        "a header, a byte at a time",
        vec![begun("GET /healthz HTTP/1.1\r\nX: "), drip()],
    );
    add("empty lines before a request", vec![begun("\r\n\r\n\r\n")]);
    add("a body that never comes", vec![begun(&head)]);
    add("a body, a byte at a time", vec![begun(&head), drip()]);
    add("a chunk that never comes", vec![begun(&chunked)]);
    add(
        "a chunk that never ends",
        vec![begun(&chunked), begun("ff\r\n"), drip()],
    );
    add("silence after its last word", vec![Step::Finish]);
    add(
        "half a header, then the end",
        vec![begun("GET /heal"), Step::Finish],
    );
    add(
        "half a body, then the end",
        vec![begun(&head), begun("half"), Step::Finish],
    );
}

/// Bodies that say one thing and are another.
fn bodies(hook: &str, clients: &mut Vec<Client>) {
    use Outcome::Answered;
    let typed = |kind: &str| {
        post(
            hook,
            &format!("Content-Type: {kind}\r\nContent-Length: 2\r\n"),
            "{}",
        )
    };
    push(
        clients,
        "no signature",
        post(hook, "Content-Length: 2\r\n", "{}"),
        Answered(&[403]),
    );
    push(clients, "no body", post(hook, "", ""), Answered(&[403]));
    push(
        clients,
        "a form",
        typed("application/x-www-form-urlencoded"),
        Answered(&[403]),
    );
    push(
        clients,
        "a type of no kind",
        typed("a/b/c; charset=\"\""),
        Answered(&[403]),
    );
    // Nothing is unpacked: a gigabyte of zeros is the kilobyte that it came as.
    let packed = "Content-Encoding: gzip\r\nContent-Length: 20\r\n";
    push(
        clients,
        "gzip",
        post(hook, packed, "\x1f not really packed "),
        Answered(&[403]),
    );
    push(
        clients,
        "six codings",
        post(
            hook,
            "Content-Encoding: gzip, gzip, gzip, br, zstd, deflate\r\nContent-Length: 2\r\n",
            "{}",
        ),
        Answered(&[403]),
    );
    let session = |headers: &str, body: &str| {
        format!(
            "POST /api/v1/session HTTP/1.1\r\n{LAST}Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
    };
    let json = "Content-Type: application/json\r\n";
    push(
        clients,
        "a login of no type",
        session("", r#"{"login":"a","password":"b"}"#),
        Answered(&[400]),
    );
    push(
        clients,
        "a login of no JSON",
        session(json, "login"),
        Answered(&[400]),
    );
    push(
        clients,
        "a login of numbers",
        session(json, r#"{"login":1,"password":2}"#),
        Answered(&[400]),
    );
    push(
        clients,
        "a login 1,000 deep",
        session(json, &"[".repeat(1000)),
        Answered(&[400]),
    );
    push(
        clients,
        "a login of 3 MB",
        session(json, &format!("\"{}\"", "x".repeat(3_000_000))),
        Outcome::Refused(&[400, 413]),
    );
}

fn others(hook: &str, clients: &mut Vec<Client>) {
    use Outcome::{Answered, AnsweredTimes};
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\n{LAST}{more}\r\n");
    push(
        clients,
        "an expectation",
        post(hook, "Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"),
        Answered(&[100, 403]),
    );
    push(
        clients,
        "an unknown expectation",
        post(
            hook,
            "Expect: the unexpected\r\nContent-Length: 2\r\n",
            "{}",
        ),
        Answered(&[403, 417]),
    );
    push(
        clients,
        "an upgrade to HTTP/2",
        get("/healthz", "Upgrade: h2c\r\n"),
        Answered(&[200]),
    );
    push(
        clients,
        "an upgrade to nothing",
        get("/ws", "Upgrade: nothing\r\n"),
        Answered(&[426]),
    );
    push(
        clients,
        "a websocket of no address",
        get("/healthz", "Upgrade: websocket\r\n"),
        Answered(&[200]),
    );
    push(
        clients,
        "CONNECT",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        Answered(&[404, 405]),
    );
    push(
        clients,
        "TRACE",
        "TRACE /healthz HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n",
        Answered(&[405]),
    );
    push(
        clients,
        "a whole address",
        get("http://evil.example/healthz", ""),
        Answered(&[200]),
    );
    push(
        clients,
        "a star",
        "OPTIONS * HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n",
        Answered(&[404, 405]),
    );
    push(
        clients,
        "up",
        get("/webhooks/../../etc/passwd", ""),
        Answered(&[404]),
    );
    push(
        clients,
        "up, encoded",
        get("/webhooks/%2e%2e%2fpasswd", ""),
        Answered(&[404]),
    );
    push(
        clients,
        "a NUL, encoded",
        get("/webhooks/a%00b", ""),
        Answered(&[404]),
    );
    push(
        clients,
        "bytes that are no UTF-8, encoded",
        get("/webhooks/%ff%fe", ""),
        Answered(&[400]),
    );
    push(
        clients,
        "two slashes",
        get("//webhooks//x", ""),
        Answered(&[404]),
    );
    push(
        clients,
        "a channel of 10 kB",
        get(&format!("/webhooks/{}", "x".repeat(10_000)), ""),
        Answered(&[404]),
    );
    push(
        clients,
        "a method of its own",
        format!("BREW {hook} HTTP/1.1\r\n{LAST}\r\n"),
        Answered(&[405]),
    );
    let one = "GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n";
    let many = format!("{}{}", one.repeat(99), get("/healthz", ""));
    push(
        clients,
        "100 requests at once",
        many,
        AnsweredTimes(100, 200),
    );
    let hidden = format!(
        "POST {hook} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n{}",
        get("/healthz", "")
    );
    push(clients, "a second request", hidden, Answered(&[403, 200]));
    // Two readers may see its end in two places; what comes behind it is nobody's request.
    for (name, headers) in [
        (
            "a request behind a length and chunks",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "a request behind chunks and a length",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        ),
        ("a request behind chunks", "Transfer-Encoding: chunked\r\n"),
    ] {
        let smuggled = get("/healthz", "");
        let sent =
            format!("POST {hook} HTTP/1.1\r\nHost: desk\r\n{headers}\r\n0\r\n\r\n{smuggled}");
        push(clients, name, sent, AnsweredTimes(1, 403));
    }
}
