//! The demo branch: invented people at an invented ward, real procedures marked as sample data.

use motcua_domain::{
    branch::{
        Branch, Counter, Office, Officer, QueueRules, Role, Service, ServiceKind, WatchRules,
        plain_service, usual_targets,
    },
    calendar::SlotRules,
    transfer::Account,
};
use motcua_protocol::event::{Body, BranchConfigured, BranchEvent};
use motcua_store::{Write, table::branch::branch_entity};

use crate::{App, Result, assets::DEMO_CATALOGUE, verbs};

/// The first record of a branch: the document itself.
pub(crate) fn found(tx: &mut Write<'_>, branch: Branch) -> Result<()> {
    let event = BranchConfigured { branch };
    tx.append(
        branch_entity(),
        &Body::Branch(BranchEvent::Configured(Box::new(event))),
    )?;
    Ok(())
}

/// Configures the branch and imports the sample catalogue, in one transaction.
pub(crate) fn fill(app: &App) -> Result<()> {
    app.store.write(&app.system(), |tx| {
        found(tx, branch().checked()?)?;
        let report = verbs::import_demo(tx, DEMO_CATALOGUE)?;
        tracing::info!(
            imported = report.imported,
            rejected = report.rejected.len(),
            "demo catalogue"
        );
        Ok(())
    })
}

fn officer(id: &str, name: &str, roles: &[Role]) -> Officer {
    Officer {
        id: id.to_owned(),
        name: name.to_owned(),
        roles: roles.to_vec(),
    }
}

fn counter(number: u16, name: &str, services: &[&str]) -> Counter {
    Counter {
        number,
        name: name.to_owned(),
        services: services.iter().map(|s| (*s).to_owned()).collect(),
    }
}

fn branch() -> Branch {
    Branch {
        office: Office {
            code: "H99.12".to_owned(),
            parent: "ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH".to_owned(),
            unit: "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ".to_owned(),
            name: "Phường Bình Minh".to_owned(),
            place: "Bình Minh".to_owned(),
            address: "Số 1, đường Mẫu, phường Bình Minh".to_owned(),
            phone: "1900 0000".to_owned(),
            website: "dichvucong.gov.vn".to_owned(),
            number_suffix: "BPTNTKQ".to_owned(),
            // No bank has this number: a code of the demo branch pays nobody.
            account: Some(Account {
                bank: "Ngân hàng mẫu".to_owned(),
                bin: "000000".to_owned(),
                number: "0000000000".to_owned(),
                holder: "TAI KHOAN MAU".to_owned(),
            }),
        },
        services: vec![
            plain_service(
                "ho-tich",
                "A",
                "Hộ tịch, chứng thực",
                "Khai sinh, kết hôn, trích lục, bản sao",
                ServiceKind::Submit,
                12,
            ),
            plain_service(
                "noi-vu",
                "B",
                "Nội vụ, người có công",
                "Hội, thi đua, tôn giáo, chính sách",
                ServiceKind::Submit,
                15,
            ),
            // One service with appointments by slots, so that they can be tried at once.
            Service {
                slots: Some(SlotRules {
                    minutes: 30,
                    places: Some(4),
                }),
                ..plain_service(
                    "khoa-hoc",
                    "C",
                    "Khoa học và công nghệ",
                    "Sở hữu trí tuệ, đo lường, viễn thông, thông tin",
                    ServiceKind::Submit,
                    15,
                )
            },
            plain_service(
                "tra-ket-qua",
                "D",
                "Nhận kết quả",
                "Quét mã trên giấy hẹn để chọn nhanh",
                ServiceKind::Collect,
                5,
            ),
            plain_service(
                "huong-dan",
                "E",
                "Hướng dẫn, nộp trực tuyến",
                "Máy công cộng, tài khoản định danh",
                ServiceKind::Guide,
                8,
            ),
        ],
        counters: vec![
            counter(1, "Quầy 1", &[]),
            counter(2, "Quầy 2", &[]),
            counter(3, "Quầy 3", &[]),
            counter(4, "Quầy 4", &[]),
        ],
        officers: vec![
            officer(
                "ha",
                "Nguyễn Thị Thanh Hà",
                &[Role::Officer, Role::Reception],
            ),
            officer("dung", "Phạm Tiến Dũng", &[Role::Officer]),
            officer("khoi", "Lê Minh Khôi", &[Role::Reception]),
            officer(
                "lan",
                "Trần Ngọc Lan",
                &[Role::Supervisor, Role::Officer, Role::Reception],
            ),
            officer("quan-tri", "Đỗ Văn Quản", &[Role::Admin]),
        ],
        queue: QueueRules::default(),
        hours: None,
        targets: usual_targets(),
        watch: WatchRules::default(),
        case_pattern: "{agency}-{yymmdd}-{4}".to_owned(),
        form_set: "tt-01-2018".to_owned(),
        demo: true,
    }
}
