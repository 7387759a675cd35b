//! A list where an object is meant. serde would take its values field by field in the order of
//! declaration, so that a renamed or moved field would silently mean something else. The schema
//! that a verb publishes says where objects are meant.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use motcua_protocol::verbs::Verb;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Where the argument of a verb has a list for an object: the path, as serde writes it.
pub(crate) fn misplaced_list<V: Verb>(args: &Value) -> Option<String> {
    static SCHEMAS: OnceLock<Mutex<HashMap<&'static str, &'static Value>>> = OnceLock::new();
    // Nothing to look for: most arguments hold no list at all.
    if !has_list(args) {
        return None;
    }
    let schemas = SCHEMAS.get_or_init(Mutex::default);
    let schema = *schemas
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(V::NAME)
        .or_insert_with(|| {
            let schema = SchemaSettings::draft2020_12()
                .into_generator()
                .into_root_schema_for::<V>();
            // As many as there are verbs, kept for the life of the program.
            Box::leak(Box::new(schema.to_value()))
        });
    look(schema, schema, args, "")
}

fn has_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(fields) => fields.values().any(has_list),
        _ => false,
    }
}

fn look(root: &Value, schema: &Value, value: &Value, path: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.strip_prefix('#')?)?;
        return look(root, target, value, path);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let mut found = None;
            for each in choices {
                match look(root, each, value, path) {
                    // One of them takes it.
                    None if takes(root, each, value) => return None,
                    None => {}
                    some => found = found.or(some),
                }
            }
            return found;
        }
    }
    match value {
        Value::Array(items) => {
            if schema.get("properties").is_some() {
                return Some(path.to_owned());
            }
            items
                .iter()
                .enumerate()
                .find_map(|(i, item)| look(root, &schema["items"], item, &format!("{path}[{i}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            look(root, &schema["properties"][name], field, &path)
        }),
        _ => None,
    }
}

/// Whether a schema is for values of this type at all.
fn takes(root: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return name
            .strip_prefix('#')
            .and_then(|name| root.pointer(name))
            .is_some_and(|target| takes(root, target, value));
    }
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |name: &str| name == own || name == "integer" && own == "number";
    match &schema["type"] {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}
