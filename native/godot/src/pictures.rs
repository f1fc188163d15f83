//! Pictures of the engine, to be made the network's input.

use godot::builtin::Variant;
use godot::classes::image::Format;
use godot::classes::{Image, Texture2D};
use godot::global::Error;
use godot::obj::Gd;
use ludus_runtime::picture::Picture;

use crate::arrays::a_type;

/// The pixels of an Image or Texture2D, which is left as it is. The error says why there are none.
pub fn picture(value: &Variant) -> Result<Picture, String> {
    let mut image = image(value)?;
    if image.is_empty() {
        return Err("the image is empty".to_owned());
    }
    if image.get_format() != Format::RGBA8 {
        image = image.duplicate_resource();
        if image.is_compressed() && image.decompress() != Error::OK {
            return Err(format!("an image of {:?} cannot be decompressed", image.get_format()));
        }
        image.convert(Format::RGBA8);
    }
    let (width, height) = (image.get_width() as usize, image.get_height() as usize);
    let mut rgba = image.get_data().to_vec();
    rgba.truncate(width * height * 4); // mipmaps come after it
    Ok(Picture { width, height, rgba })
}

fn image(value: &Variant) -> Result<Gd<Image>, String> {
    if let Ok(image) = value.try_to::<Gd<Image>>() {
        return Ok(image);
    }
    let texture = value
        .try_to::<Gd<Texture2D>>()
        .map_err(|_| format!("got {}, expected an Image or a Texture2D", a_type(value)))?;
    texture.get_image().ok_or_else(|| format!("the {} has no image", texture.get_class()))
}
