//! Where addresses that only the public can reach are on this machine.

/// Beginnings of addresses, and what stands for them here.
#[derive(Default)]
pub(crate) struct Places(Vec<(String, String)>);

impl Places {
    pub(crate) fn add(&mut self, public: &str, here: &str) {
        self.0.push((public.to_owned(), here.to_owned()));
    }

    /// Finds where an address really is.
    pub(crate) fn find(&self, url: &str) -> Option<String> {
        self.0.iter().find_map(|(public, here)| {
            let rest = url.strip_prefix(public.as_str())?;
            Some(format!("{here}{rest}"))
        })
    }
}
