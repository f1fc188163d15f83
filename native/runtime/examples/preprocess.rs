//! Preprocesses many pictures, for tests that compare it with `ludus/bundle/preprocessing.py`.
//!
//! The argument is a manifest's `preprocess`, as JSON. To stdin come pictures, one after the other:
//! width and height (u32), then RGBA. To stdout go answers: whether all is well (u8: 0 or 1), the
//! number of bytes that follow (u32), then the input (f32) or else the error's message. All numbers
//! are little-endian.

use std::io::{self, Read, Write};

use ludus_runtime::manifest::Preprocess;
use ludus_runtime::picture::Picture;
use ludus_runtime::preprocess::preprocess;

fn main() -> io::Result<()> {
    let how = std::env::args().nth(1).expect("a manifest's preprocess");
    let how = Preprocess::parse(how.as_bytes()).expect("a manifest's preprocess");
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let mut sides = [[0; 4]; 2];
    while stdin.read_exact(sides.as_flattened_mut()).is_ok() {
        let [width, height] = sides.map(|side| u32::from_le_bytes(side) as usize);
        let mut rgba = vec![0; width * height * 4];
        stdin.read_exact(&mut rgba)?;
        let (good, bytes) = match preprocess(&Picture { width, height, rgba }, &how) {
            Ok(input) => (1, input.into_iter().flat_map(f32::to_le_bytes).collect()),
            Err(error) => (0, error.to_string().into_bytes()),
        };
        stdout.write_all(&[good])?;
        stdout.write_all(&(bytes.len() as u32).to_le_bytes())?;
        stdout.write_all(&bytes)?;
    }
    stdout.flush()
}
