//! JSON read strictly: no key twice, no unknown key, no value of another type.
//!
//! serde's derived readers take a list for an object, an object for a word, and a missing key for
//! null. So the document is read as it stands first, and each value by the rule for its place.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::nearest;

/// What is wrong with a value, and where in the document it stands.
#[derive(Debug)]
pub struct Fault {
    path: Vec<String>, // the innermost key first
    says: String,
}

impl Fault {
    /// A fault of the value itself.
    pub fn new(says: impl Into<String>) -> Self {
        let path = Vec::new();
        Fault { path, says: says.into() }
    }

    fn expected(expected: impl fmt::Display, got: &Value) -> Self {
        Fault::new(format!("expected {expected}, got {}", shown(got)))
    }

    fn within(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }
}

impl fmt::Display for Fault {
    /// As `variants.1.files.0.bytes: expected a whole number, 0 or larger, got "44430"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        let place = if path.is_empty() { "the file".into() } else { path.join(".") };
        write!(f, "{place}: {}", self.says)
    }
}

/// What reading a value gives.
pub type Read<T> = Result<T, Fault>;

/// A document, whose objects' keys differ. The message of its error has the line and column.
pub fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<Distinct>(bytes).map(|document| document.0)
}

/// An object, read by `read`, which asks for every key that there may be.
pub fn object<'a, T>(value: &'a Value, read: impl FnOnce(&mut Keys<'a>) -> Read<T>) -> Read<T> {
    let Value::Object(object) = value else {
        return Err(Fault::expected("keys with values", value));
    };
    let mut keys = Keys { object, known: Vec::new() };
    let read = read(&mut keys)?;
    match object.keys().find(|key| !keys.known.contains(&key.as_str())) {
        None => Ok(read),
        Some(key) => {
            let hint = nearest(key, &keys.known);
            Err(Fault::new(format!("unknown key{hint}")).within(brief(key)))
        }
    }
}

/// The keys of an object that is being read.
pub struct Keys<'a> {
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl Keys<'_> {
    /// The value of a key that must be there.
    pub fn need<T>(&mut self, key: &'static str, rule: impl Fn(&Value) -> Read<T>) -> Read<T> {
        self.known.push(key);
        match self.object.get(key) {
            None => Err(Fault::new("is missing; it must be there").within(key)),
            Some(value) => rule(value).map_err(|fault| fault.within(key)),
        }
    }

    /// The value of a key that may be left out.
    pub fn may<T: Default>(
        &mut self,
        key: &'static str,
        rule: impl Fn(&Value) -> Read<T>,
    ) -> Read<T> {
        if self.object.contains_key(key) {
            return self.need(key, rule);
        }
        self.known.push(key);
        Ok(T::default())
    }
}

/// A list, of values that each follow a rule.
pub fn list<T>(rule: impl Fn(&Value) -> Read<T>) -> impl Fn(&Value) -> Read<Vec<T>> {
    move |value| {
        let Value::Array(values) = value else {
            return Err(Fault::expected("a list", value));
        };
        let items = values.iter().enumerate();
        items
            .map(|(index, item)| rule(item).map_err(|fault| fault.within(index.to_string())))
            .collect()
    }
}

/// A list that is not empty.
pub fn filled<T>(rule: impl Fn(&Value) -> Read<T>) -> impl Fn(&Value) -> Read<Vec<T>> {
    let list = list(rule);
    move |value| match list(value)? {
        items if items.is_empty() => Err(Fault::new("expected at least one entry, got none")),
        items => Ok(items),
    }
}

/// An object of any keys, of values that each follow a rule.
pub fn map<T>(rule: impl Fn(&Value) -> Read<T>) -> impl Fn(&Value) -> Read<BTreeMap<String, T>> {
    move |value| {
        let Value::Object(values) = value else {
            return Err(Fault::expected("keys with values", value));
        };
        let items = values.iter();
        items
            .map(|(key, value)| match rule(value) {
                Ok(read) => Ok((key.clone(), read)),
                Err(fault) => Err(fault.within(brief(key))),
            })
            .collect()
    }
}

/// A value that follows a rule, or null.
pub fn nullable<T>(rule: impl Fn(&Value) -> Read<T>) -> impl Fn(&Value) -> Read<Option<T>> {
    move |value| if value.is_null() { Ok(None) } else { rule(value).map(Some) }
}

/// A text.
pub fn text(value: &Value) -> Read<String> {
    matching("a text", |_| true)(value)
}

/// A text that is as `what` says, since `fits` says so.
pub fn matching(what: &str, fits: impl Fn(&str) -> bool) -> impl Fn(&Value) -> Read<String> {
    move |value| match value {
        Value::String(text) if fits(text) => Ok(text.clone()),
        _ => Err(Fault::expected(what, value)),
    }
}

/// One of a few words.
pub fn word(known: &[&'static str]) -> impl Fn(&Value) -> Read<&'static str> {
    move |value| {
        let Value::String(text) = value else {
            return Err(Fault::expected(format!("one of {}", known.join(", ")), value));
        };
        known.iter().find(|word| *word == text).copied().ok_or_else(|| {
            Fault::new(format!("unknown value '{}'{}", brief(text), nearest(text, known)))
        })
    }
}

/// A whole number that is at least `least`, and fits T.
pub fn whole<T: TryFrom<i128>>(least: i64) -> impl Fn(&Value) -> Read<T> {
    move |value| {
        let number = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
        match number.filter(|number| *number >= i128::from(least)) {
            None => Err(Fault::expected(format!("a whole number, {least} or larger"), value)),
            Some(number) => {
                T::try_from(number).map_err(|_| Fault::expected("a smaller whole number", value))
            }
        }
    }
}

/// A finite number from `least` to `most`.
pub fn number(least: f64, most: f64) -> impl Fn(&Value) -> Read<f64> {
    move |value| match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(Fault::expected(range(least, most), value)),
    }
}

/// Any finite number.
pub const ANY: (f64, f64) = (f64::MIN, f64::MAX);

fn range(least: f64, most: f64) -> String {
    match (least, most) {
        ANY => "a number".into(),
        (_, f64::MAX) => format!("a number, {least} or larger"),
        _ => format!("a number from {least} to {most}"),
    }
}

/// A value in a few words, since a message is no place for all of a document.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "keys with values".into(),
        Value::String(text) => format!("\"{}\"", brief(text)),
        _ => value.to_string(),
    }
}

fn brief(text: &str) -> String {
    let mut start = text.chars();
    let brief: String = start.by_ref().take(80).collect();
    let more = if start.next().is_some() { "..." } else { "" };
    format!("{}{more}", brief.escape_debug())
}

/// Any value, but no key twice in one object.
struct Distinct(Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whatever).map(Distinct)
    }
}

struct Whatever;

impl<'de> Visitor<'de> for Whatever {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is infinite"))?;
        Ok(number.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Distinct(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = items.next_key::<String>()? {
            if object.contains_key(&key) {
                let twice = format!("the key '{}' comes twice", brief(&key));
                return Err(A::Error::custom(twice));
            }
            let Distinct(value) = items.next_value()?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}
