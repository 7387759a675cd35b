//! Files as a scanner makes them.

/// A PDF of one page, with so much on it.
pub fn pdf(bytes: u32) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut at = Vec::new();
    let noise: Vec<u8> = (0..bytes)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let objects: [Vec<u8>; 4] = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>".to_vec(),
        [
            format!("<</Length {}>>\nstream\n", noise.len()).as_bytes(),
            &noise,
            b"\nendstream",
        ]
        .concat(),
    ];
    for (n, object) in objects.iter().enumerate() {
        at.push(out.len());
        out.extend(format!("{} 0 obj\n", n + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let xref = out.len();
    out.extend(b"xref\n0 5\n0000000000 65535 f \n");
    for at in at {
        out.extend(format!("{at:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer<</Size 5/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n").bytes());
    out
}
