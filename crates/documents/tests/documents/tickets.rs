use crate::{cases, tools::*};
#[test]
fn dump() {
    let out = std::env::temp_dir().join("motcua-look");
    std::fs::create_dir_all(&out).unwrap();
    for (name, case) in cases::tickets() {
        let t = std::time::Instant::now();
        let r = motcua_documents::ticket(&case, &FONTS).unwrap();
        println!("{name}: {:?}", t.elapsed());
        std::fs::write(out.join(format!("t-{name}.png")), r.to_png()).unwrap();
        std::fs::write(out.join(format!("t-{name}.pdf")), r.to_pdf().unwrap()).unwrap();
    }
}
