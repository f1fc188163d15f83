//! From what GDScript calls an array to what a network takes.

use godot::builtin::{
    AnyArray, PackedByteArray, PackedFloat32Array, PackedFloat64Array, PackedInt32Array,
    PackedInt64Array, Variant, VariantType,
};
use godot::global::type_string;
use godot::meta::FromGodot;
use ludus_runtime::manifest::Preprocess;
use ludus_runtime::preprocess::normalise;

/// The numbers of any array, as they are (NaN too); of a PackedByteArray, levels 0 to 255, made
/// floats as the bundle's preprocess says. The error follows the property's name in a message.
pub fn floats(value: &Variant, how: Option<&Preprocess>) -> Result<PackedFloat32Array, String> {
    match value.get_type() {
        VariantType::PACKED_FLOAT32_ARRAY => Ok(value.to()),
        VariantType::PACKED_BYTE_ARRAY => match how {
            Some(how) => Ok(normalise(value.to::<PackedByteArray>().as_slice(), how).into()),
            None => {
                Err("is PackedByteArray, of levels 0 to 255, and the bundle has no preprocess \
                         to make numbers of them; expected PackedFloat32Array or another array of \
                         numbers"
                    .to_owned())
            }
        },
        VariantType::PACKED_FLOAT64_ARRAY => {
            Ok(value.to::<PackedFloat64Array>().as_slice().iter().map(|x| *x as f32).collect())
        }
        VariantType::PACKED_INT32_ARRAY => {
            Ok(value.to::<PackedInt32Array>().as_slice().iter().map(|x| *x as f32).collect())
        }
        VariantType::PACKED_INT64_ARRAY => {
            Ok(value.to::<PackedInt64Array>().as_slice().iter().map(|x| *x as f32).collect())
        }
        VariantType::ARRAY => each(value, "a number", number),
        _ => Err(format!(
            "is {}, expected PackedFloat32Array, PackedByteArray (levels 0 to 255), \
             PackedFloat64Array, PackedInt32Array, PackedInt64Array or Array",
            type_name(value)
        )),
    }
}

/// A shape. The error follows the property's name in a message.
pub fn shape(value: &Variant) -> Result<Vec<i64>, String> {
    match value.get_type() {
        VariantType::PACKED_INT64_ARRAY => Ok(value.to::<PackedInt64Array>().to_vec()),
        VariantType::PACKED_INT32_ARRAY => {
            Ok(value.to::<PackedInt32Array>().as_slice().iter().map(|x| i64::from(*x)).collect())
        }
        VariantType::ARRAY => each(value, "a whole number", whole),
        _ => Err(format!(
            "is {}, expected PackedInt64Array, PackedInt32Array or Array",
            type_name(value)
        )),
    }
}

/// What a script calls the type of a value.
pub fn type_name(value: &Variant) -> String {
    match value.get_type() {
        VariantType::NIL => "null".to_owned(),
        VariantType::OBJECT => match value.try_to::<godot::obj::Gd<godot::classes::Object>>() {
            Ok(object) => object.get_class().to_string(),
            Err(_) => "a freed object".to_owned(),
        },
        other => type_string(i64::from(other.ord)).to_string(),
    }
}

fn each<T, C: FromIterator<T>>(
    value: &Variant,
    expected: &str,
    take: fn(&Variant) -> Option<T>,
) -> Result<C, String> {
    let array: AnyArray = value.to();
    let element = |index| {
        let element = array.at(index);
        take(&element)
            .ok_or_else(|| format!("has {} at [{index}], expected {expected}", type_name(&element)))
    };
    (0..array.len()).map(element).collect()
}

fn number(value: &Variant) -> Option<f32> {
    match value.get_type() {
        VariantType::FLOAT => Some(f64::from_variant(value) as f32),
        VariantType::INT => Some(i64::from_variant(value) as f32),
        _ => None,
    }
}

fn whole(value: &Variant) -> Option<i64> {
    (value.get_type() == VariantType::INT).then(|| i64::from_variant(value))
}
