//! A folder without a branch, served: it joins a hub or becomes a demo branch under the same
//! address.

use motcua_hub::{Beginning, serve_beginning};
use motcua_testkit::branch::{SERVICE, SUPERVISOR, TestBranch, settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{ask, code, serve, soon};

struct Empty {
    _folder: TempDir,
    runtime: Runtime,
    begun: Option<Beginning>,
}

fn empty() -> Empty {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let begun = runtime
        .block_on(serve_beginning(
            settings(folder.path()),
            "127.0.0.1:0".parse().unwrap(),
            None,
        ))
        .unwrap();
    Empty {
        _folder: folder,
        runtime,
        begun: Some(begun),
    }
}

impl Empty {
    fn ask_as(&self, token: &str, name: &str, args: Value) -> (u16, Value) {
        let endpoint = &self.begun.as_ref().unwrap().endpoint;
        let mut answer = ureq::Agent::from(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build(),
        )
        .post(format!("{}/rpc/{name}", endpoint.url))
        .header("authorization", format!("Bearer {token}"))
        .header("x-officer", SUPERVISOR)
        .send(args.to_string())
        .unwrap();
        let body = answer.body_mut().read_json().unwrap_or(Value::Null);
        (answer.status().as_u16(), body)
    }

    fn ask(&self, name: &str, args: Value) -> (u16, Value) {
        let token = self.begun.as_ref().unwrap().endpoint.token.clone();
        self.ask_as(&token, name, args)
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let _on = self.runtime.enter();
        self.begun = None;
    }
}

#[test]
fn a_demo_branch_goes_on_under_the_same_address() {
    let empty = empty();
    assert_eq!(empty.ask_as("wrong", "branch.demo", json!({})).0, 401);
    let (_, refused) = empty.ask("branch.get", json!({}));
    assert_eq!(refused["code"], "NO_BRANCH");
    assert_eq!(empty.ask("branch.demo", json!({})).0, 200);
    let (status, registered) = empty.ask("visit.register", json!({"service": SERVICE}));
    assert_eq!((status, &registered["ticket"]), (200, &json!("A-001")));
    // A folder that has a branch is not written over.
    let args = json!({"name": "Quầy", "hub": "127.0.0.1:1", "code": "23456789"});
    let (_, refused) = empty.ask("hub.join", args);
    assert_eq!(refused["code"], "BRANCH_EXISTS");
    let (_, refused) = empty.ask("branch.demo", json!({}));
    assert_eq!(
        refused["code"], "NOT_ALLOWED",
        "a supervisor is no administrator"
    );
}

#[test]
fn it_joins_by_address_and_code() {
    let branch = TestBranch::demo();
    let hub = serve(branch.app(), None);
    let lan = hub
        .machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    let empty = empty();
    let at = lan.address.to_string();
    for (args, code, field) in [
        (json!({"name": "Quầy"}), "FIELD_REQUIRED", "hub"),
        (json!({"name": "Quầy", "hub": at}), "FIELD_REQUIRED", "code"),
        (
            json!({"name": " ", "hub": at, "code": "23456789"}),
            "FIELD_REQUIRED",
            "name",
        ),
        (
            json!({"name": "Quầy", "hub": at, "code": "2345"}),
            "PAIR_CODE_WRONG",
            "code",
        ),
        (
            json!({"name": "Quầy", "hub": at, "code": "22222222"}),
            "PAIR_CODE_WRONG",
            "code",
        ),
        (
            json!({"name": "Quầy", "hub": "127.0.0.1:1", "code": "22222222"}),
            "HUB_AWAY",
            "hub",
        ),
        (
            json!({"name": "Quầy", "invitation": "0847123"}),
            "INVITATION_INVALID",
            "invitation",
        ),
    ] {
        let (_, refused) = empty.ask("hub.join", args.clone());
        assert_eq!(
            (&refused["code"], &refused["field"]),
            (&json!(code), &json!(field)),
            "{args}"
        );
    }
    // As a person types it: small letters, a dash.
    let typed = code(&hub).to_lowercase();
    let typed = format!("{}-{}", &typed[..4], &typed[4..]);
    let args = json!({"name": "Quầy 5", "hub": at, "code": typed});
    let (status, joined) = empty.ask("hub.join", args);
    assert_eq!((status, &joined["number"]), (200, &json!(2)), "{joined}");
    soon("the line stands", || {
        empty.ask("machine.get", json!({})).1["here"] == true
    });
    let (_, registered) = empty.ask("visit.register", json!({"service": SERVICE}));
    assert_eq!(registered["ticket"], "A-001");
    let devices = ask(&hub, SUPERVISOR, "device.list", json!({})).unwrap();
    assert_eq!(devices[1]["name"], "Quầy 5");
}

#[test]
fn it_joins_by_what_a_scanner_typed() {
    let branch = TestBranch::demo();
    let hub = serve(branch.app(), None);
    hub.machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    let given = ask(&hub, SUPERVISOR, "hub.pair_code", json!({})).unwrap();
    let invitation = given["qr"]["text"].as_str().unwrap();
    assert_eq!(invitation.len(), 120);
    let empty = empty();
    let (status, joined) = empty.ask(
        "hub.join",
        json!({"name": "Quầy", "invitation": invitation}),
    );
    assert_eq!(status, 200, "{joined}");
    assert_eq!(empty.ask("machine.get", json!({})).1["role"], "counter");
    // It cannot be used twice.
    let another = self::empty();
    let args = json!({"name": "Quầy", "invitation": invitation});
    let (_, refused) = another.ask("hub.join", args);
    assert_eq!(refused["code"], "PAIR_CODE_USED");
}

#[test]
fn a_real_branch_is_made_from_four_words_and_goes_on_under_the_same_address() {
    let empty = empty();
    let said = json!({"name": "Xã Ea Mẫu", "code": "H15.40", "address": "Thôn 1, xã Ea Mẫu, tỉnh Mẫu", "administrator": "H’Nga Niê"});
    for field in ["name", "code", "address", "administrator"] {
        let mut less = said.clone();
        less.as_object_mut().unwrap().remove(field);
        let (_, refused) = empty.ask("branch.create", less);
        assert_eq!(
            (&refused["code"], &refused["field"]),
            (&json!("FIELD_REQUIRED"), &json!(field))
        );
    }
    assert_eq!(empty.ask("branch.get", json!({})).1["code"], "NO_BRANCH");
    let (status, made) = empty.ask("branch.create", said);
    assert_eq!(
        (status, &made["branch"]),
        (200, &json!("Xã Ea Mẫu")),
        "{made}"
    );
    let token = empty.begun.as_ref().unwrap().endpoint.token.clone();
    let (status, refused) = empty.ask_as(&token, "branch.get", json!({}));
    assert_eq!(status, 403, "the demo's officers are not here: {refused}");
}
