//! Photos become what tests/golden/photos says, and what is none is refused.

mod common;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use ludus_runtime::Error;
use ludus_runtime::manifest::Preprocess;
use ludus_runtime::picture::Picture;
use ludus_runtime::preprocess::{normalise, preprocess};
use png::{Decoder, Transformations};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What `ludus.images` and this may differ by, of a value between -3 and 3.
const ALLOWED: f32 = 1e-5;

fn photo(changes: Value) -> Preprocess {
    let mut how = json!({
        "kind": "photo", "height": 2, "width": 2, "fit": "stretch", "channels": "RGB",
        "layout": "NHWC", "scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1],
    });
    for (key, value) in changes.as_object().unwrap() {
        how[key] = value.clone();
    }
    Preprocess::parse(how.to_string().as_bytes()).unwrap()
}

fn picture(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 4]) -> Picture {
    let rgba = (0..width * height).flat_map(|i| pixel(i % width, i / width)).collect();
    Picture { width, height, rgba }
}

fn grey(level: u8) -> [u8; 4] {
    [level, level, level, 255]
}

/// The pixels of a PNG of 8 bits, as RGBA.
fn read_png(path: &Path) -> Picture {
    let mut decoder = Decoder::new(BufReader::new(File::open(path).unwrap()));
    decoder.set_transformations(Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let rgba = match info.color_type.samples() {
        4 => bytes,
        _ => bytes
            .as_chunks()
            .0
            .iter()
            .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
            .collect(),
    };
    Picture { width: info.width as usize, height: info.height as usize, rgba }
}

#[test]
fn a_photo_becomes_what_the_vectors_say() {
    let folder = common::golden().join("photos");
    let cases = fs::read(folder.join("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    assert!(cases.len() >= 17);
    let mut worst = 0.0_f32;
    for case in cases {
        let how = Preprocess::parse(case["preprocess"].to_string().as_bytes()).unwrap();
        assert_eq!(json!(how.shape()), case["shape"]);
        let picture = read_png(&folder.join(case["picture"].as_str().unwrap()));
        let found = preprocess(&picture, &how).unwrap();
        let expected = fs::read(folder.join(case["expected"].as_str().unwrap())).unwrap();
        let expected: Vec<_> =
            expected.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            worst = worst.max((found - expected).abs());
            assert!((found - expected).abs() <= ALLOWED, "{}: {found} {expected}", case["name"]);
        }
    }
    println!("largest difference {worst:e}");
}

#[test]
fn a_photo_of_the_right_size_keeps_its_levels() {
    let levels = |x: usize, y: usize| [(10 * x) as u8, (10 * y) as u8, 7, 255];
    let found = preprocess(&picture(2, 2, levels), &photo(json!({}))).unwrap();
    assert_eq!(found, [0., 0., 7., 10., 0., 7., 0., 10., 7., 10., 10., 7.]);
}

#[test]
fn a_photo_that_is_halved_is_the_mean_of_a_triangle() {
    // Four pixels to two: weights 3, 3, 1 of 7 at an edge, where the triangle's end is cut off.
    let row = picture(4, 1, |x, _| grey([70, 140, 210, 28][x]));
    let how = photo(json!({"height": 1}));
    let found = preprocess(&row, &how).unwrap();
    let expected = [(3. * 70. + 3. * 140. + 210.) / 7., (140. + 3. * 210. + 3. * 28.) / 7.];
    assert!((found[0] - expected[0]).abs() < 1e-4 && (found[3] - expected[1]).abs() < 1e-4);
}

#[test]
fn a_crop_keeps_the_middle() {
    let wide = picture(7, 2, |x, _| grey(x as u8));
    let how = photo(json!({"fit": "crop"}));
    let found = preprocess(&wide, &how).unwrap();
    assert_eq!(found, [2., 2., 2., 3., 3., 3., 2., 2., 2., 3., 3., 3.]); // of 0..7: 2 and 3
    let tall = picture(2, 7, |_, y| grey(y as u8));
    assert_eq!(preprocess(&tall, &how).unwrap()[..6], [2.; 6]);
}

#[test]
fn each_channel_has_its_own_mean_and_std_in_the_order_of_the_channels() {
    let pixel = picture(1, 1, |_, _| [10, 20, 30, 255]);
    let how = photo(json!({
        "height": 1, "width": 1, "channels": "BGR", "scale": 2, "mean": [1, 2, 3], "std": [1, 2, 4]
    }));
    assert_eq!(preprocess(&pixel, &how).unwrap(), [59., 19., 4.25]);
}

#[test]
fn levels_are_normalised_in_the_order_of_the_input() {
    let how = |layout| photo(json!({"layout": layout, "mean": [0, 100, 200]}));
    let levels: Vec<u8> = (0..13).collect();
    let planes = [0., 1., 2., 3., -96., -95., -94., -93., -192., -191., -190., -189., 12.];
    assert_eq!(normalise(&levels, &how("NCHW")), planes);
    let pixels = [0., -99., -198., 3., -96., -195., 6., -93., -192., 9., -90., -189., 12.];
    assert_eq!(normalise(&levels, &how("NHWC")), pixels);
}

#[test]
fn what_is_transparent_lies_on_white() {
    let pixels = [[0, 100, 200, 255], [0, 100, 200, 0], [0, 100, 200, 51], [5, 5, 5, 255]];
    let found = preprocess(&picture(2, 2, |x, y| pixels[2 * y + x]), &photo(json!({}))).unwrap();
    assert_eq!(found[..6], [0., 100., 200., 255., 255., 255.]);
    assert!((found[6] - 204.).abs() < 1e-4 && (found[7] - 224.).abs() < 1e-4);
}

#[test]
fn a_picture_that_is_none_is_refused() {
    for (width, height, bytes, says) in [
        (0, 0, 0, "its size is 0 x 0"),
        (3, 1, 11, "has 11 bytes"),
        (usize::MAX, 2, 8, "has 8 bytes"),
        (2, 2, 16, "all of it is transparent"),
    ] {
        let error = preprocess(&Picture { width, height, rgba: vec![0; bytes] }, &photo(json!({})));
        assert!(matches!(&error, Err(Error::Image(words)) if words.contains(says)), "{error:?}");
    }
}

proptest! {
    #[test]
    fn a_photo_of_one_colour_stays_of_one_colour(
        (width, height) in (1_usize..200, 1_usize..200),
        (wide, high) in (1_usize..60, 1_usize..60),
        fit in prop::sample::select(vec!["stretch", "crop"]),
        level in any::<u8>(),
    ) {
        let how = photo(json!({"height": high, "width": wide, "fit": fit}));
        let found = preprocess(&picture(width, height, |_, _| grey(level)), &how);
        let found = found.unwrap();
        prop_assert_eq!(found.len(), 3 * high * wide);
        prop_assert!(found.iter().all(|value| (value - f32::from(level)).abs() < 1e-3));
    }

    #[test]
    fn a_photo_that_is_mirrored_becomes_the_mirror_image(
        (width, height) in (1_usize..40, 1_usize..40),
        (wide, high) in (1_usize..40, 1_usize..40),
        seed in any::<u64>(),
    ) {
        let level = |x: usize, y: usize| {
            let mixed = seed.wrapping_add((x * 7919 + y) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            grey((mixed >> 56) as u8)
        };
        let how = photo(json!({"height": high, "width": wide}));
        let found = preprocess(&picture(width, height, level), &how).unwrap();
        let mirrored = picture(width, height, |x, y| level(width - 1 - x, y));
        let mirrored = preprocess(&mirrored, &how).unwrap();
        for (index, value) in found.iter().enumerate() {
            let (pixel, channel) = (index / 3, index % 3);
            let other = pixel / wide * wide + wide - 1 - pixel % wide;
            prop_assert!((value - mirrored[3 * other + channel]).abs() < 1e-3);
        }
    }
}
