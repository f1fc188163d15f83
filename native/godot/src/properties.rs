//! The properties that come with a bundle: `input/0/data` and its like.

use godot::builtin::{GString, PackedFloat32Array, PackedInt64Array, Variant};
use godot::meta::ToGodot;
use godot::register::info::{PropertyInfo, PropertyUsageFlags};
use godot::register::property::Var;

use crate::arrays;
use crate::failure::{Failure, Outcome};
use crate::state::{Opened, Tensor};

/// One of them, taken apart.
pub struct Place {
    side: Side,
    index: i64,
    field: Field,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Input,
    Output,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Input => "input",
            Side::Output => "output",
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Name,
    Shape,
    Datatype,
    Data,
}

/// Properties of the class that a script may only read.
const READ_ONLY: [&str; 8] = [
    "error_message",
    "input_count",
    "output_count",
    "labels",
    "variant",
    "device",
    "device_name",
    "run_milliseconds",
];

/// None for a property that is another's to know; an error where it only begins like one of ours.
pub fn parse(property: &str) -> Option<Outcome<Place>> {
    let (side, rest) = property.split_once('/')?;
    let side = match side {
        "input" => Side::Input,
        "output" => Side::Output,
        _ => return None,
    };
    Some(place(side, rest).ok_or_else(|| {
        Failure::bad(format!(
            "there is no property '{property}'; expected input/N/ or output/N/ and name, shape, \
             datatype or data"
        ))
    }))
}

/// As `parse`, for what is to be set.
pub fn parse_writable(property: &str) -> Option<Outcome<Place>> {
    let read_only = || Failure::bad(format!("{property} is read-only"));
    if READ_ONLY.contains(&property) {
        return Some(Err(read_only()));
    }
    Some(parse(property)?.and_then(|place| match place {
        Place { side: Side::Input, field: Field::Shape | Field::Data, .. } => Ok(place),
        _ => Err(read_only()),
    }))
}

fn place(side: Side, rest: &str) -> Option<Place> {
    let (index, field) = rest.split_once('/')?;
    let field = match field {
        "name" => Field::Name,
        "shape" => Field::Shape,
        "datatype" => Field::Datatype,
        "data" => Field::Data,
        _ => return None,
    };
    Some(Place { side, index: index.parse().ok()?, field })
}

impl Opened {
    pub fn get(&self, place: &Place) -> Outcome<Variant> {
        let tensors = match place.side {
            Side::Input => &self.inputs,
            Side::Output => &self.outputs,
        };
        let tensor = usize::try_from(place.index).ok().and_then(|index| tensors.get(index));
        let tensor = tensor
            .ok_or_else(|| Failure::no_such(place.side.name(), place.index, tensors.len()))?;
        Ok(match place.field {
            Field::Name => tensor.name.to_variant(),
            Field::Shape => tensor.shape.to_variant(),
            Field::Datatype => tensor.datatype.to_variant(),
            Field::Data => tensor.data.to_variant(),
        })
    }

    /// Set what `parse_writable` let through.
    pub fn set(&mut self, place: &Place, value: &Variant) -> Outcome<()> {
        let index = place.index;
        let how = self.preprocess.clone();
        let input = self.input_mut(index)?;
        let set = match place.field {
            Field::Shape => input.set_shape(value).map_err(|why| ("shape", why)),
            _ => arrays::floats(value, how.as_ref())
                .map(|data| input.data = data)
                .map_err(|why| ("data", why)),
        };
        set.map_err(|(field, why)| Failure::bad(format!("input/{index}/{field} {why}")))
    }

    /// For the inspector; none is stored with the resource.
    pub fn properties(&self) -> Vec<PropertyInfo> {
        let each = |side, tensors: &[Tensor]| {
            (0..tensors.len()).flat_map(move |index| list(side, index)).collect::<Vec<_>>()
        };
        [each(Side::Input, &self.inputs), each(Side::Output, &self.outputs)].concat()
    }
}

impl Tensor {
    /// Any batch, of what the network takes.
    fn set_shape(&mut self, value: &Variant) -> Result<(), String> {
        let (given, own) = (arrays::shape(value)?, self.shape.as_slice());
        let fits = given.len() == own.len() && given[1..] == own[1..] && given[0] >= 1;
        if !fits {
            let rest: String = own[1..].iter().map(|length| format!(", {length}")).collect();
            return Err(format!("is {given:?}, expected [N{rest}] with N at least 1"));
        }
        self.shape = given.into();
        Ok(())
    }
}

fn list(side: Side, index: usize) -> [PropertyInfo; 4] {
    let prefix = side.name();
    let writable = side == Side::Input;
    [
        property::<GString>(format!("{prefix}/{index}/name"), false),
        property::<GString>(format!("{prefix}/{index}/datatype"), false),
        property::<PackedInt64Array>(format!("{prefix}/{index}/shape"), writable),
        property::<PackedFloat32Array>(format!("{prefix}/{index}/data"), writable),
    ]
}

fn property<T: Var>(name: String, writable: bool) -> PropertyInfo {
    let mut usage = PropertyUsageFlags::EDITOR;
    if !writable {
        usage |= PropertyUsageFlags::READ_ONLY;
    }
    PropertyInfo { usage, ..PropertyInfo::new_var::<T>(&name) }
}
