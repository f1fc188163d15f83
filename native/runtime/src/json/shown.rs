//! Values as messages show them: briefly, since a message is no place for all of a document.

use serde_json::Value;

const CHARACTERS: usize = 80; // of a string, at most

/// "expected a number, got a list".
pub fn mismatch(expected: &str, got: &Value) -> String {
    format!("expected {expected}, got {}", shown(got))
}

/// The start of a string, on one line.
pub fn brief(text: &str) -> String {
    let mut start = text.chars();
    let brief: String = start.by_ref().take(CHARACTERS).collect();
    let more = if start.next().is_some() { "..." } else { "" };
    format!("{}{more}", brief.escape_debug())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) => format!("\"{}\"", brief(text)),
        _ => value.to_string(),
    }
}
