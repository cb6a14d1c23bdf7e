//! What became of what we sent (whatsapp.md 2, "statuses"). Each is also the proof that it was taken: it carries our label.

use serde_json::Value;

use shared::model::{DeliveryId, Notice, NoticeKind, PlatformId};

use crate::channels::{Happening, Watermark, label, wire};

use super::errors;
use super::messages;

/// Translates a status: nothing, if it tells nothing that is not known. None: it cannot be told what it is about.
pub(super) fn translate(status: &Value) -> Option<Vec<(String, Happening)>> {
    let platform_id = wire::platform_id(status.get("id"))?;
    let name = wire::line(status.get("status"))?;
    let delivery = status
        .get("biz_opaque_callback_data")
        .and_then(Value::as_str)
        .and_then(label::read);
    let told = told(&name, status, &platform_id, delivery);
    let key = format!("{name}:{platform_id}");
    // What failed was not taken for good.
    let is_proof = !matches!(told, Some(Happening::Failed { .. }));
    let proof = delivery.filter(|_| is_proof).map(|delivery| {
        let key = messages::key(&platform_id);
        let platform_id = platform_id.clone();
        let taken = Happening::Taken {
            platform_id,
            delivery,
        };
        (key, taken)
    });
    let told = told.map(|what| (key, what));
    Some(proof.into_iter().chain(told).collect())
}

/// What it tells beside that it was taken.
fn told(
    name: &str,
    status: &Value,
    platform_id: &PlatformId,
    delivery: Option<DeliveryId>,
) -> Option<Happening> {
    let watermark = || Watermark {
        platform_ids: vec![platform_id.clone()],
        before: vec![],
        until: None,
    };
    let error = || errors::told(status.get("errors")?.get(0)?);
    Some(match name {
        "sent" => return None,
        "delivered" => Happening::Delivered(watermark()),
        "read" | "played" => Happening::Read(watermark()),
        "failed" => Happening::Failed {
            platform_id: platform_id.clone(),
            delivery,
            reason: errors::reason(error()),
        },
        _ => {
            let words = error().map(|error| format!(": {}", error.words));
            let text = format!("[{name}]{}", words.unwrap_or_default());
            let kind = NoticeKind::Other;
            Happening::Remark {
                notice: Notice { kind, text },
            }
        }
    })
}
