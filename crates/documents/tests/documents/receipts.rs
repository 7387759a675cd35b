use crate::{cases, tools::*};

#[test]
fn dump() {
    let out = std::env::temp_dir().join("motcua-look");
    std::fs::create_dir_all(&out).unwrap();
    for (name, case) in cases::all() {
        let t = std::time::Instant::now();
        let bytes = pdf(&case);
        println!("{name}: {} bytes {:?}", bytes.len(), t.elapsed());
        std::fs::write(out.join(format!("{name}.pdf")), bytes).unwrap();
    }
}
