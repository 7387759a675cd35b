//! Canonical JSON: keys sorted, no blanks, numbers as serde_json prints them. Event bodies and
//! dumps are written in it, so that equal content is equal bytes on every machine.

use serde_json::Value;

/// The canonical bytes of a value.
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push(b'{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(&Value::String(key.clone()), out);
                out.push(b':');
                write(&map[key.as_str()], out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.extend_from_slice(value.to_string().as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth_and_letters_stay_letters() {
        let value = json!({"b": [1, {"z": null, "a": "Đặng \"Ánh\""}], "a": 1.5});
        assert_eq!(
            String::from_utf8(super::bytes(&value)).unwrap(),
            r#"{"a":1.5,"b":[1,{"a":"Đặng \"Ánh\"","z":null}]}"#
        );
    }
}
