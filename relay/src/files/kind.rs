//! What a file is by its bytes, whatever its name or anybody says (F-03, F-05).

use shared::model::{AttachmentKind, FileFault};

/// Bytes from the beginning that are looked at.
pub(super) const HEAD: usize = 8192;
/// Bytes that nothing is known of.
const UNKNOWN: &str = "application/octet-stream";
const TEXT: &str = "text/plain";

/// Returns the media type of a file by its first bytes.
pub(super) fn mime_of(head: &[u8]) -> &'static str {
    match infer::get(head) {
        Some(kind) => kind.mime_type(),
        None if is_text(head) => TEXT,
        None => UNKNOWN,
    }
}

/// Whether it reads as text; the end may be cut within a letter.
fn is_text(head: &[u8]) -> bool {
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 && !head.contains(&0)
}

/// Whether a file of this type may be kept as an attachment of this kind under this name.
pub(super) fn check(
    kind: &AttachmentKind,
    mime: &str,
    name: &str,
    accepted: &[String],
) -> Result<(), FileFault> {
    if !is_what_it_says(kind, mime) {
        return Err(FileFault::WrongKind);
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    let is_named = |ending: &str| accepted.iter().any(|known| known == ending);
    let is_accepted = if accepted.is_empty() {
        !is_program(mime)
    } else {
        let by_bytes = ending_of(mime);
        // The name must be accepted, and so must be what it really is.
        ending.as_deref().is_none_or(is_named)
            && by_bytes.is_none_or(is_named)
            && (ending.is_some() || by_bytes.is_some())
    };
    if is_accepted {
        Ok(())
    } else {
        Err(FileFault::NotAccepted)
    }
}

fn is_what_it_says(kind: &AttachmentKind, mime: &str) -> bool {
    let family = mime.split('/').next().unwrap_or_default();
    match kind {
        AttachmentKind::Photo => matches!(family, "image") || mime == UNKNOWN,
        // Some move: a video, or a drawing that is packed.
        AttachmentKind::Sticker => {
            matches!(family, "image" | "video") || mime == "application/gzip" || mime == UNKNOWN
        }
        // A voice note may come in a video's container.
        AttachmentKind::Audio => matches!(family, "audio" | "video") || mime == UNKNOWN,
        AttachmentKind::Video => matches!(family, "video" | "image") || mime == UNKNOWN,
        AttachmentKind::Document
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template
        | AttachmentKind::Other(_) => true,
    }
}

fn is_program(mime: &str) -> bool {
    matches!(
        mime,
        "application/vnd.microsoft.portable-executable"
            | "application/x-executable"
            | "application/x-mach-binary"
            | "application/java"
            | "application/vnd.android.dex"
            | "application/x-msi"
    )
}

/// Returns the ending that a type has, as far as it is one that people list.
pub(super) fn ending_of(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        "image/tiff" => "tiff",
        "image/heif" => "heif",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/m4a" => "m4a",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        TEXT => "txt",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0];
    const PROGRAM: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff";

    fn said(kind: &AttachmentKind, bytes: &[u8], name: &str) -> Result<(), FileFault> {
        check(kind, mime_of(bytes), name, &[])
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(mime_of(JPEG), "image/jpeg");
        assert_eq!(mime_of("Привет".as_bytes()), "text/plain");
        assert_eq!(
            mime_of(&"Привет".as_bytes()[..5]),
            "text/plain",
            "cut within a letter"
        );
        assert_eq!(mime_of(&[0, 1, 2, 3]), "application/octet-stream");
    }

    #[test]
    fn what_lies_about_its_kind_is_refused() {
        let photo = AttachmentKind::Photo;
        assert_eq!(said(&photo, JPEG, "a.jpg"), Ok(()));
        assert_eq!(
            said(&photo, b"<html><body>hi", "a.jpg"),
            Err(FileFault::WrongKind)
        );
        assert_eq!(said(&photo, PROGRAM, "a.jpg"), Err(FileFault::WrongKind));
        assert_eq!(
            said(&AttachmentKind::Audio, JPEG, "a.ogg"),
            Err(FileFault::WrongKind)
        );
        let document = AttachmentKind::Document;
        assert_eq!(said(&document, b"hello", "a.txt"), Ok(()));
        assert_eq!(
            said(&document, PROGRAM, "bill.pdf"),
            Err(FileFault::NotAccepted)
        );
    }

    #[test]
    fn with_a_list_only_what_is_on_it_is_kept_by_name_and_by_bytes() {
        let list = ["pdf".to_owned(), "jpg".to_owned()];
        let say = |bytes: &[u8], name: &str| {
            check(&AttachmentKind::Document, mime_of(bytes), name, &list)
        };
        assert_eq!(say(JPEG, "photo.JPG"), Ok(()));
        assert_eq!(say(JPEG, "photo"), Ok(()));
        assert_eq!(say(b"%PDF-1.7", "bill.pdf"), Ok(()));
        assert_eq!(say(b"hello", "bill.pdf"), Err(FileFault::NotAccepted));
        assert_eq!(say(JPEG, "photo.exe"), Err(FileFault::NotAccepted));
        assert_eq!(say(&[0, 1, 2], "what"), Err(FileFault::NotAccepted));
    }
}
