//! Rules for single values, beside those of their types. `deserialize_with` names them.

use std::collections::HashSet;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;

use crate::json::{Fault, Read, mismatch};

/// A value of which `read` makes something.
fn value<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    read(&value).ok_or_else(|| D::Error::custom(mismatch(expected, &value)))
}

fn string<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<String, D::Error> {
    let read = |value: &Value| value.as_str().filter(|text| fits(text)).map(str::to_owned);
    value(deserializer, expected, read)
}

/// What may be null and must be there; serde takes a missing `Option` for null.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// A list that is not empty.
pub fn filled<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("expected at least one entry, got none"));
    }
    Ok(list)
}

/// A length in pixels, at least 1.
pub fn pixels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let expected = format!("a whole number from 1 to {}", u32::MAX);
    value(deserializer, &expected, |value| {
        let pixels = u32::try_from(value.as_u64()?).ok()?;
        (pixels >= 1).then_some(pixels as usize)
    })
}

/// A share of all, 0 to 1.
pub fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    value(deserializer, "a number from 0 to 1", |value| {
        value.as_f64().filter(|share| (0.0..=1.0).contains(share))
    })
}

/// The largest difference that is allowed.
pub fn tolerance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    value(deserializer, "a number, 0 or larger", |value| {
        value.as_f64().filter(|tolerance| *tolerance >= 0.0)
    })
}

/// How many inputs a function takes, or a tensor holds. A runner would wait forever for 0.
pub fn batch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    value(deserializer, "-1, for any number, or a whole number, 1 or larger", |value| {
        value.as_i64().filter(|batch| *batch == -1 || *batch >= 1)
    })
}

/// The lengths of a tensor whose batch may be any.
pub fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Length(#[serde(deserialize_with = "batch")] i64);

    Ok(filled(deserializer)?.into_iter().map(|Length(length)| length).collect())
}

/// The lengths of a tensor of one size.
pub fn lengths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Length(#[serde(deserialize_with = "length")] i64);

    Ok(filled(deserializer)?.into_iter().map(|Length(length)| length).collect())
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    value(deserializer, "a whole number, 1 or larger", |value| {
        value.as_i64().filter(|length| *length >= 1)
    })
}

/// The name of a bundle.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    string(deserializer, "a name of a-z, 0-9, '_' and '-'", |name| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
    })
}

/// Three numbers.
pub fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    string(deserializer, "a version such as \"1.0.0\"", |version| {
        let numbers: Vec<&str> = version.split('.').collect();
        let digits =
            |number: &&str| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
        numbers.len() == 3 && numbers.iter().all(digits)
    })
}

/// Relative, with forward slashes, and never outside the bundle's folder.
pub fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    string(deserializer, "a path inside the bundle, as 'variants/cpu/model.vmfb'", |path| {
        path.split('/').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        })
    })
}

/// In hexadecimal digits.
pub fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    string(deserializer, "a sha256 of 64 digits 0-9 and a-f", |digits| {
        digits.len() == 64 && digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Of names that must differ, none comes twice.
pub fn differ<'a>(kind: &str, names: impl IntoIterator<Item = &'a str>) -> Read<()> {
    let mut seen = HashSet::new();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Fault::at("", format!("the {kind} '{twice}' comes twice"))),
        None => Ok(()),
    }
}
