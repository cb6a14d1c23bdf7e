//! The `fields=` grammar: `id,messages.limit(20){id,from}`. Parses only; knows no field.

use super::errors::GraphError;

/// One asked field with its own limit and inner fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) limit: Option<usize>,
    pub(super) inner: Vec<Self>,
}

/// How deep fields may nest; the real API refuses deep questions too.
const MAX_DEPTH: usize = 4;

/// Parses a list of fields.
pub(super) fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut rest = text.chars().peekable();
    let fields = list(&mut rest, 0)?;
    match rest.next() {
        None => Ok(fields),
        Some(_) => Err(syntax(text)),
    }
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn list(rest: &mut Rest<'_>, depth: usize) -> Result<Vec<Field>, GraphError> {
    if depth > MAX_DEPTH {
        return Err(syntax("nested too deeply"));
    }
    let mut fields = Vec::new();
    loop {
        fields.push(field(rest, depth)?);
        if rest.next_if_eq(&',').is_none() {
            return Ok(fields);
        }
    }
}

fn field(rest: &mut Rest<'_>, depth: usize) -> Result<Field, GraphError> {
    let name = word(rest);
    if name.is_empty() {
        return Err(syntax("a name is missing"));
    }
    let mut limit = None;
    while rest.next_if_eq(&'.').is_some() {
        let modifier = word(rest);
        let argument = argument(rest)?;
        if modifier == "limit" {
            limit = argument.parse().ok();
        }
    }
    let mut inner = Vec::new();
    if rest.next_if_eq(&'{').is_some() {
        inner = list(rest, depth + 1)?;
        rest.next_if_eq(&'}')
            .ok_or_else(|| syntax("a brace is open"))?;
    }
    Ok(Field { name, limit, inner })
}

fn word(rest: &mut Rest<'_>) -> String {
    std::iter::from_fn(|| rest.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_'))
        .collect()
}

fn argument(rest: &mut Rest<'_>) -> Result<String, GraphError> {
    rest.next_if_eq(&'(')
        .ok_or_else(|| syntax("a modifier has no argument"))?;
    let argument = std::iter::from_fn(|| rest.next_if(|letter| *letter != ')')).collect();
    rest.next_if_eq(&')')
        .ok_or_else(|| syntax("a parenthesis is open"))?;
    Ok(argument)
}

fn syntax(found: &str) -> GraphError {
    GraphError {
        code: 2500,
        ..GraphError::parameter(format!("Syntax error in the fields parameter: {found}"))
    }
}

/// Builds the error for a field the object does not have.
pub(super) fn unknown(field: &Field) -> GraphError {
    GraphError::parameter(format!(
        "(#100) Tried accessing nonexisting field ({})",
        field.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_nesting_are_understood() {
        let fields = parse("id,messages.limit(20).order(x){id,from{name}},to").unwrap();
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "messages", "to"]);
        assert_eq!(fields[1].limit, Some(20));
        assert_eq!(fields[1].inner[1].inner[0].name, "name");
    }

    #[test]
    fn broken_lists_are_refused() {
        for text in [
            "",
            "a,",
            "a{b",
            "a.limit(3",
            "a.limit",
            "a}b",
            "a{b{c{d{e{f}}}}}",
        ] {
            assert_eq!(parse(text).unwrap_err().code, 2500, "{text}");
        }
    }
}
