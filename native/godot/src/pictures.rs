//! Pictures of the engine, to be made the network's input.

use godot::builtin::Variant;
use godot::classes::image::Format;
use godot::classes::{Image, Texture2D};
use godot::global::Error;
use godot::obj::{EngineEnum, Gd};
use ludus_runtime::picture::Picture;

use crate::arrays::type_name;

/// The pixels of an Image or Texture2D, which is left as it is. The error is the reason why there are none.
pub fn picture(value: &Variant) -> Result<Picture, String> {
    let mut image = image(value)?;
    if image.is_empty() {
        return Err("the image is empty".to_owned());
    }
    if format(&image) != i64::from(Format::RGBA8.ord()) {
        image = image.duplicate_resource();
        if image.is_compressed() {
            let compressed = format(&image);
            // decompress() also says OK of what it leaves as it is.
            if image.decompress() != Error::OK || image.is_compressed() {
                return Err(format!(
                    "an image of the format {} cannot be decompressed by this engine; give one that \
                     is not compressed",
                    format_name(compressed)
                ));
            }
        }
        let from = format(&image);
        image.convert(Format::RGBA8);
        if format(&image) != i64::from(Format::RGBA8.ord()) {
            let from = format_name(from);
            return Err(format!("an image of the format {from} cannot be converted to RGBA8"));
        }
    }
    let (width, height) = (image.get_width() as usize, image.get_height() as usize);
    let mut rgba = image.get_data().to_vec();
    rgba.truncate(width * height * 4); // mipmaps come after it
    Ok(Picture { width, height, rgba })
}

/// The number of an image's format, which may be one that Godot 4.3, whose interface this is built
/// for, does not know: `Image::get_format` would panic.
fn format(image: &Gd<Image>) -> i64 {
    image.clone().call("get_format", &[]).to()
}

fn format_name(number: i64) -> String {
    let known = i32::try_from(number).ok().and_then(Format::try_from_ord);
    known.map_or_else(|| number.to_string(), |format| format.as_str().to_owned())
}

fn image(value: &Variant) -> Result<Gd<Image>, String> {
    if let Ok(image) = value.try_to::<Gd<Image>>() {
        return Ok(image);
    }
    let texture = value
        .try_to::<Gd<Texture2D>>()
        .map_err(|_| format!("got {}, expected an Image or a Texture2D", type_name(value)))?;
    texture.get_image().ok_or_else(|| format!("the {} has no image", texture.get_class()))
}
