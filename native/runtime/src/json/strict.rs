//! A deserializer of `Value` that is stricter than serde_json's: an object is read from an object
//! alone, and a word from a string alone.
//!
//! serde_json's takes a list for an object, and `{"auto": null}` for the word "auto".

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::shown::{brief, mismatch};
use crate::error::nearest;

/// The value to read.
#[derive(Clone, Copy)]
pub struct Strict<'de>(pub &'de Value);

/// What is wrong with a value.
#[derive(Debug)]
pub struct Problem {
    /// The key that is missing from the value, which is an object then.
    pub missing: Option<&'static str>,
    /// What was expected, and got.
    pub message: String,
}

impl Problem {
    fn new(message: String) -> Self {
        Problem { missing: None, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::new(message.to_string())
    }

    fn missing_field(key: &'static str) -> Self {
        Problem { missing: Some(key), message: "is missing; it must be there".into() }
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Problem::new(format!("unknown key{}", nearest(key, known)))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Problem::new(format!("unknown value '{}'{}", brief(word), nearest(word, known)))
    }
}

impl<'de> Strict<'de> {
    /// Read it where `fits`, as any value.
    fn read<V: Visitor<'de>>(
        self,
        expected: &str,
        fits: impl Fn(&Value) -> bool,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if fits(self.0) {
            return self.deserialize_any(visitor);
        }
        Err(Problem::new(mismatch(expected, self.0)))
    }
}

impl<'de> IntoDeserializer<'de, Problem> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(Strict)))
            }
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| (key.as_str(), Strict(value)));
                visitor.visit_map(MapDeserializer::new(entries))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("a whole number, 0 or larger", Value::is_u64, visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("a whole number of 64 bits", Value::is_i64, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("a number", Value::is_number, visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("a string", Value::is_string, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("a list", Value::is_array, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.read("an object", Value::is_object, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            other => Err(Problem::new(mismatch(&format!("one of {}", known.join(", ")), other))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u128 f32 char str bytes byte_buf unit unit_struct
        tuple tuple_struct identifier ignored_any
    }
}
