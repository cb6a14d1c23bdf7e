//! Whether the Page still delivers to us (meta.md 7, CH-19, CH-24): the token is the Page's, and the Page is subscribed.

use std::time::Duration;

use serde_json::{Value, json};

use shared::model::Timestamp;

use crate::channels::{Left, LinkFault};

use super::send::is_success;
use super::{CallError, Graph};
use crate::channels::meta::handshake;
use crate::channels::wire;

/// What the Page shall tell us (meta.md 7). `response_feedback` is left out: it puts buttons into the visitor's chat.
const FIELDS: [&str; 13] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
    "messaging_customer_information",
];

pub(super) async fn check(graph: &Graph) -> Result<(), LinkFault> {
    check_owner(graph).await?;
    let path = format!("{}/subscribed_apps", graph.account());
    let answer = graph.get(&path, &[]).await.map_err(CallError::for_link)?;
    if missing(&answer).is_empty() {
        return Ok(());
    }
    tracing::info!(
        page = graph.account(),
        "the Page does not tell us everything; subscribing"
    );
    subscribe(graph, &path).await
}

/// Rights of a token, and what does not work without them (CH-21).
const RIGHTS: [(&str, &str); 4] = [
    ("pages_messaging", "nothing can be sent"),
    (
        "pages_manage_metadata",
        "the relay cannot subscribe the Page, nor see whether it still is",
    ),
    (
        "pages_read_engagement",
        "visitors have no names and pictures, only numbers",
    ),
    (
        "pages_show_list",
        "the Page's token cannot be made anew from a person's",
    ),
];
/// A token that ends within so many days is told.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Reads what Meta says of the token.
pub(super) fn advice(told: &Value, now: Timestamp) -> Vec<String> {
    let data = told.get("data").unwrap_or(&Value::Null);
    let mut advice = vec![];
    // Older answers tell no rights.
    if let Some(scopes) = data.get("scopes").and_then(Value::as_array) {
        let lacks = |right: &str| scopes.iter().all(|scope| scope != right);
        let missing = RIGHTS.iter().filter(|(right, _)| lacks(right));
        advice.extend(missing.map(|(right, without)| {
            format!("the token has no right to {right}: {without}; ask for it at Meta and make the token anew")
        }));
    }
    // 0: never.
    let ends = wire::time(data.get("expires_at")).filter(|ends| ends.0 > 0);
    if let Some(ends) = ends.filter(|ends| ends.since(now) <= SOON) {
        let days = ends.since(now).as_secs() / 86_400;
        advice.push(format!(
            "the token ends in {days} days: make a new one, best of a system user, which does not end"
        ));
    }
    advice
}

/// The subscription of the application itself is made in its dashboard (meta.md 7), and the address asked for at once.
pub(super) fn by_hand(address: Option<&str>) -> Vec<String> {
    let fields = FIELDS.join(", ");
    handshake::by_hand("Page", address, &fields)
}

/// Takes the application off the Page (meta.md 7).
pub(super) async fn leave(graph: &Graph) -> Result<Left, LinkFault> {
    let path = format!("{}/subscribed_apps", graph.account());
    let done = graph.delete(&path).await;
    done.map(|_| Left::Done).map_err(CallError::for_link)
}

/// A token of a person, or of another Page, would send in the wrong name.
async fn check_owner(graph: &Graph) -> Result<(), LinkFault> {
    let me = graph
        .get("me", &[("fields", "id,name")])
        .await
        .map_err(CallError::for_link)?;
    match wire::id(me.get("id")) {
        Some(id) if id == graph.account() => Ok(()),
        Some(_) => Err(LinkFault {
            reason:
                "the access token belongs to a person or another Page: take the Page's own token \
                     (Deskwire answers as a Page, never as a person)"
                    .to_owned(),
            is_passing: false,
        }),
        None => Err(LinkFault {
            reason: "Meta does not say whose token it is".to_owned(),
            is_passing: true,
        }),
    }
}

/// Returns the fields we want and do not get. A list without names counts as complete: older answers have none.
pub(super) fn missing(answer: &Value) -> Vec<&'static str> {
    let apps = answer
        .get("data")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if apps.is_empty() {
        return FIELDS.to_vec();
    }
    let names: Option<Vec<&str>> = apps
        .iter()
        .map(|app| app.get("subscribed_fields").and_then(Value::as_array))
        .collect::<Option<Vec<_>>>()
        .map(|lists| {
            lists
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        });
    match names {
        Some(names) => FIELDS
            .into_iter()
            .filter(|field| !names.contains(field))
            .collect(),
        None => vec![],
    }
}

/// Sends the complete list; a name that Meta does not know is dropped, and the rest tried again.
async fn subscribe(graph: &Graph, path: &str) -> Result<(), LinkFault> {
    let mut fields = FIELDS.to_vec();
    loop {
        let list = fields.join(",");
        let done = graph
            .post(path, &[("subscribed_fields", list.as_str())], &json!({}))
            .await;
        match done {
            Ok(answer) if is_success(&answer) => return Ok(()),
            Ok(_) => {
                let reason =
                    "Meta did not take the subscription of the Page: subscribe it at Meta by hand"
                        .to_owned();
                return Err(LinkFault {
                    reason,
                    is_passing: false,
                });
            }
            Err(CallError::No(no)) if no.error.code == 100 && fields.len() > 1 => {
                match refused_place(&no.error.words).filter(|place| *place < fields.len()) {
                    Some(place) => {
                        tracing::warn!(
                            field = fields[place],
                            "Meta does not know this field; going on without it"
                        );
                        fields.remove(place);
                    }
                    None => return Err(no.link_fault()),
                }
            }
            Err(error) => return Err(error.for_link()),
        }
    }
}

/// `(#100) Param subscribed_fields[2] must be one of …`: the number.
fn refused_place(words: &str) -> Option<usize> {
    let (_, rest) = words.split_once("subscribed_fields[")?;
    let (number, _) = rest.split_once(']')?;
    number.parse().ok()
}
