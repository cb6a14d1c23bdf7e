//! Forms that carry files: `multipart/form-data`.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use serde_json::{Map, Value};

/// A file of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFile {
    /// Of the field.
    pub field: String,
    pub name: String,
    /// Its media type, as the form says.
    pub mime: String,
    pub bytes: Bytes,
}

/// Reads a whole form: its fields, those that are JSON as such, and its files. None: it is no form.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<(Map<String, Value>, Vec<FormFile>)> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    let body = Bytes::copy_from_slice(body);
    let mut form = multer::Multipart::new(stream::once(ready(Ok::<_, Infallible>(body))), boundary);
    let (mut fields, mut files) = (Map::new(), vec![]);
    // Everything is here: nothing is waited for.
    while let Some(part) = form.next_field().now_or_never()?.ok()? {
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let mime = part
            .content_type()
            .map(ToString::to_string)
            .unwrap_or_default();
        let bytes = part.bytes().now_or_never()?.ok()?;
        if let Some(name) = name {
            files.push(FormFile {
                field,
                name,
                mime,
                bytes,
            });
        } else {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let is_nested = text.starts_with(['{', '[']);
            let nested = serde_json::from_str(&text).ok().filter(|_| is_nested);
            fields.insert(field, nested.unwrap_or_else(|| text.into()));
        }
    }
    Some((fields, files))
}
