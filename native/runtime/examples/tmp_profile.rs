//! tmp
use std::time::Instant; use std::sync::Arc; use ludus_runtime::source::*; use ludus_runtime::manifest::Manifest;
fn main(){ let folder=std::env::args().nth(1).unwrap(); let bytes=std::fs::read(format!("{folder}/manifest.json")).unwrap(); let s=Arc::new(Folder::new(folder));
 let med=|name:&str, f:&mut dyn FnMut()|{ let mut t:Vec<_>=(0..201).map(|_|{let i=Instant::now(); f(); i.elapsed()}).collect(); t.sort(); println!("{name} median {:?} least {:?}",t[100],t[0]); };
 med("parse",&mut ||{Manifest::parse(&bytes,"").unwrap();});
 med("list",&mut ||{s.list().unwrap();});
 let m=Manifest::parse(&bytes,"").unwrap();
 med("to_json",&mut ||{m.to_json();});
 med("open all",&mut ||{for f in m.every_file(){ s.open(&f.path).unwrap();}});
 med("spawn",&mut ||{std::thread::scope(|x|{x.spawn(||());});});
 let mut block=vec![0u8;64<<10];
 med("read all",&mut ||{for f in m.every_file(){ let mut r=s.open(&f.path).unwrap().1; while r.read(&mut block).unwrap()>0 {} }});
 let mut block=vec![0u8;16<<10];
 med("read all 16",&mut ||{for f in m.every_file(){ let mut r=s.open(&f.path).unwrap().1; while r.read(&mut block).unwrap()>0 {} }});
 let mut block=vec![0u8;32<<10];
 med("read all 32",&mut ||{for f in m.every_file(){ let mut r=s.open(&f.path).unwrap().1; while r.read(&mut block).unwrap()>0 {} }});
}
