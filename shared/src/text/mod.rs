//! What may be done to text that strangers wrote: making it inert, measuring it as platforms do, cutting it to their
//! limits. Pure functions over `&str`; no widths, no wrapping (those belong to the desk's `text`).

mod clean;
mod file_name;
mod recognize;
mod split;

pub use clean::{CLUSTER_CHARS, LINE_GRAPHEMES, MESSAGE_BYTES, clean, clean_line, clean_message};
pub use file_name::{FILE_NAME_LIMIT, file_name};
pub use recognize::{find_placeholder, find_placeholders, is_email, is_phone, one_line};
pub use split::{fitting, split_long, split_numbered, utf16_len};
