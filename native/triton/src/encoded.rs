//! Pictures as files.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use ludus_runtime::picture::Picture;
use ludus_runtime::{Error, Result};

/// Of a side, in pixels. A server decodes what strangers send: memory has to be bounded.
const LARGEST_SIDE: u32 = 8192;
/// Of a decoder, in bytes.
const MOST_MEMORY: u64 = 512 << 20;

/// Decode a PNG or JPEG file, turned upright as its camera says.
///
/// [`Error::Image`]: it is neither, it is broken, or a side is too long.
pub fn decode(file: &[u8]) -> Result<Picture> {
    let wrong = |why: &dyn std::fmt::Display| {
        Err(Error::Image(format!("the picture of {} bytes cannot be read: {why}", file.len())))
    };
    let mut reader = match ImageReader::new(Cursor::new(file)).with_guessed_format() {
        Ok(reader) if matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) => {
            reader
        }
        _ => return wrong(&"it is neither PNG nor JPEG"),
    };
    if reader.format() == Some(ImageFormat::Jpeg) && !ends(file) {
        return wrong(&"its end is missing");
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let decoded = reader.into_decoder().and_then(|mut decoder| {
        let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(upright);
        Ok(image.into_rgba8())
    });
    match decoded {
        Ok(image) => Ok(Picture {
            width: image.width() as usize,
            height: image.height() as usize,
            rgba: image.into_raw(),
        }),
        Err(error) => wrong(&error),
    }
}

/// Whether a JPEG's last scan has an end; the decoder takes what is missing for grey.
///
/// In a scan 0xff is followed by 0 or a marker, so that neither mark is found in pixels.
fn ends(file: &[u8]) -> bool {
    let last = |marker: [u8; 2]| file.windows(2).rposition(|pair| pair == marker);
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    last(END_OF_IMAGE) > last(START_OF_SCAN)
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;

    fn written(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn refused(file: &[u8]) -> String {
        match decode(file) {
            Err(Error::Image(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_png_gives_the_pixels_that_were_written() {
        let image = RgbaImage::from_fn(3, 2, |x, y| [x as u8, y as u8, 7, 200].into());
        let picture = decode(&written(image.clone().into(), ImageFormat::Png)).unwrap();
        assert_eq!((picture.width, picture.height), (3, 2));
        assert_eq!(picture.rgba, image.into_raw());
    }

    #[test]
    fn a_jpeg_gives_about_the_pixels_that_were_written() {
        let image = image::RgbImage::from_pixel(16, 8, [200, 100, 50].into());
        let picture = decode(&written(image.into(), ImageFormat::Jpeg)).unwrap();
        assert_eq!((picture.width, picture.height), (16, 8));
        assert!(picture.rgba[0].abs_diff(200) < 9 && picture.rgba[3] == 255);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for file in [&b""[..], b"GIF89a", b"<svg/>", &[0; 100]] {
            assert!(refused(file).ends_with("it is neither PNG nor JPEG"), "{}", refused(file));
        }
    }

    #[test]
    fn half_a_picture_is_refused() {
        let file = written(RgbaImage::new(64, 64).into(), ImageFormat::Png);
        assert!(refused(&file[..file.len() / 2]).contains("cannot be read"));
    }

    #[test]
    fn a_jpeg_that_is_cut_off_anywhere_is_refused() {
        let noise = |x: u32, y: u32| [(x * y * 37) as u8, (x ^ y) as u8, 7].into();
        let image = image::RgbImage::from_fn(64, 64, noise);
        let file = written(image.into(), ImageFormat::Jpeg);
        for len in (2..file.len() - 1).rev().step_by(97) {
            assert!(refused(&file[..len]).contains("cannot be read"), "{len} of {}", file.len());
        }
    }

    #[test]
    fn a_picture_that_says_it_is_huge_is_refused_before_memory_is_taken() {
        let mut file = written(image::GrayImage::new(9000, 1).into(), ImageFormat::Png);
        assert!(refused(&file).contains("cannot be read"));
        file.truncate(64); // its header alone
        assert!(refused(&file).contains("cannot be read"));
    }
}
