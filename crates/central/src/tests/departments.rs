//! Departments that settle cases: who may say something, what is refused with which field, and that
//! nothing is recorded twice.

use motcua_protocol::sync::MEDIA_ANSWER;
use serde_json::{Value, json};

use super::{Device, OFFICE, Rig};
use crate::departments;

impl Device {
    fn reports(&self, token: &str, report: &Value) -> (u16, Value) {
        let answer = self
            .agent
            .post(format!("{}/v1/departments/reports", self.url))
            .header("authorization", format!("Bearer {token}"))
            .send(report.to_string().as_bytes())
            .unwrap();
        assert_eq!(answer.headers()["content-type"], MEDIA_ANSWER);
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }
}

#[test]
fn only_a_department_with_a_token_speaks_and_of_cases_of_its_office() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let (office, token) = rig.runtime.block_on(async {
        let office = crate::database::office(&rig.pool, OFFICE).await.unwrap();
        let token = departments::token(&rig.pool, office, "Phòng Tư pháp").await;
        (office, token.unwrap())
    });
    let report = json!({
        "report_id": "0192f0c1-0000-7000-8000-000000000001", "case_code": "H99.01-261123-0001", "step": "finished",
    });
    assert_eq!(device.reports("ABCD", &report).0, 401);
    // A machine's token is none of a department's.
    assert_eq!(device.reports(&device.token.clone(), &report).0, 401);
    let (status, error) = device.reports(&token, &report);
    assert_eq!(
        (status, &error["code"], &error["field"]),
        (404, &json!("NOT_FOUND"), &json!("case_code"))
    );
    let mut stopped = report.clone();
    stopped["step"] = json!("stopped");
    let (status, error) = device.reports(&token, &stopped);
    assert_eq!(
        (status, &error["code"], &error["field"]),
        (400, &json!("FIELD_REQUIRED"), &json!("note"))
    );
    let mut strange = report.clone();
    strange["step"] = json!("eaten");
    assert_eq!(device.reports(&token, &strange).0, 400);
    assert_eq!(rig.events(), 0);
    let gone = departments::revoke(&rig.pool, office, "Phòng Tư pháp");
    assert_eq!(rig.runtime.block_on(gone).unwrap(), 1);
    assert_eq!(device.reports(&token, &report).0, 401);
}
