//! Scanning at the desk, and the files of a case.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_domain::{
    Code, Refusal,
    case::{
        AttachedTo, Blob, Case, CaseEvent, PaperOrigin, ReusedFrom,
        attachment::{self, Wanted},
    },
    catalogue::Procedure,
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        case::CaseView,
        paper::Rendered,
        scan::{
            Attach, AttachmentGet, Bind, Detach, Device, Devices, Edit, Folder, Get, PageGet,
            Picture, Reusable, ReusablePaper, Reuse, Setup, Start, Stop, Tray,
        },
    },
};
use motcua_store::{Read, Write};
use uuid::Uuid;

use super::{case, case_view, catalogue};
use crate::{App, Result, registry::Ctx};

/// Papers of earlier cases that are looked at.
const MOST_REUSABLE: u32 = 100;
/// Letters of a file name.
const NAME: usize = 60;

/// `scan.get`
pub(crate) fn get(app: &App, _ctx: &Ctx, args: Get) -> Result<Tray> {
    app.scan.shown(app, args.case_id)
}

/// `scan.page`
pub(crate) fn page(app: &App, _ctx: &Ctx, args: PageGet) -> Result<Picture> {
    let (media, bytes) = app.scan.picture(args.id, args.whole == Some(true))?;
    Ok(Picture {
        media_type: media.to_owned(),
        content_base64: STANDARD.encode(bytes),
    })
}

/// `scan.devices`
pub(crate) fn devices(app: &App, _ctx: &Ctx, _args: Devices) -> Result<Vec<Device>> {
    let found = app.scan.scanner().list().map_err(|why| {
        tracing::warn!(%why, "scanners");
        Refusal::new(
            Code::ScannerMissing,
            "Máy này chưa có chương trình quét (scanimage của SANE) hoặc chương trình không chạy. Mời báo người quản trị cài đặt.",
        )
    })?;
    Ok(found
        .into_iter()
        .map(|found| Device {
            id: found.id,
            name: found.name,
        })
        .collect())
}

/// `scan.setup`
pub(crate) fn set_up(app: &App, _ctx: &Ctx, args: Setup) -> Result<Tray> {
    if let Some(resolution) = args.resolution
        && !(100..=600).contains(&resolution)
    {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            "Độ phân giải từ 100 đến 600 điểm một inch. Chưa đổi gì.",
        )
        .at("resolution")
        .into());
    }
    let device = args
        .device
        .map(|device| text::optional(Some(&device), limit::NAME))
        .transpose()
        .map_err(|r| r.at("device"))?;
    if let Some(device) = device.as_ref().and_then(Option::as_ref)
        && device.starts_with('-')
    {
        return Err(
            Refusal::new(Code::ArgumentInvalid, "Tên máy quét không đúng dạng.")
                .at("device")
                .into(),
        );
    }
    let name = text::optional(args.device_name.as_deref(), limit::NAME)
        .map_err(|r| r.at("device_name"))?;
    app.scan.set_up(|settings| {
        if let Some(device) = device {
            settings.device = device;
            settings.device_name = name;
        }
        settings.resolution = args.resolution.unwrap_or(settings.resolution);
        settings.colour = args.colour.unwrap_or(settings.colour);
    })?;
    app.scan.shown(app, None)
}

/// `scan.folder`
pub(crate) fn folder(app: &App, _ctx: &Ctx, args: Folder) -> Result<Tray> {
    let path = text::optional(args.path.as_deref(), limit::NOTE).map_err(|r| r.at("path"))?;
    if let Some(path) = &path {
        let path = std::path::Path::new(path);
        let refuse = |code, message: &str| Refusal::new(code, message).at("path");
        if !path.is_absolute() {
            return Err(refuse(
                Code::ArgumentInvalid,
                "Mời ghi đường dẫn đầy đủ của thư mục. Chưa đổi gì.",
            )
            .into());
        }
        let full = path.canonicalize().ok().filter(|full| full.is_dir());
        let Some(full) = full else {
            return Err(refuse(
                Code::ScanFolderMissing,
                "Không thấy thư mục này. Chưa đổi gì. Mời tạo thư mục hoặc kiểm tra đường dẫn.",
            )
            .into());
        };
        let data = app.store.dir().canonicalize()?;
        // Files are taken out of the folder: never out of our own.
        if full.starts_with(&data) || data.starts_with(&full) {
            return Err(refuse(
                Code::ArgumentInvalid,
                "Thư mục này chứa dữ liệu của Một Cửa nên không dùng làm thư mục quét được. Chưa đổi gì. Mời chọn thư mục khác.",
            )
            .into());
        }
    }
    app.scan.set_up(|settings| settings.folder = path)?;
    app.scan.shown(app, None)
}

/// `scan.start`
pub(crate) fn start(app: &App, _ctx: &Ctx, args: Start) -> Result<Tray> {
    app.store
        .read(|read| case::find(read, args.case_id).map(|_| ()))
        .map_err(|error| Refusal::from(error).at("case_id"))?;
    app.scan
        .start(Time::from_ms(app.now_ms()), args.case_id, args.source)?;
    app.scan.shown(app, Some(args.case_id))
}

/// `scan.stop`
pub(crate) fn stop(app: &App, _ctx: &Ctx, _args: Stop) -> Result<Tray> {
    app.scan.stop();
    app.scan.shown(app, None)
}

/// `scan.edit`
pub(crate) fn edit(app: &App, _ctx: &Ctx, args: Edit) -> Result<Tray> {
    app.scan.edit(args.case_id, args.page, args.change)?;
    app.scan.shown(app, args.case_id)
}

/// `scan.bind`
pub(crate) fn bind(app: &App, _ctx: &Ctx, args: Bind) -> Result<Blob> {
    app.scan.bind(app, args.case_id, &args.pages)
}

/// The procedure of a case, in the version it was received under.
fn procedure_of(read: &Read<'_>, case: &Case) -> Result<Option<Procedure>> {
    let procedure = &case.received.procedure;
    let found = read.procedure_version(&procedure.code, &procedure.version)?;
    Ok(found.map(|row| row.procedure))
}

fn view(app: &App, ctx: &Ctx, tx: &Write<'_>, id: Uuid) -> Result<CaseView> {
    let now = Time::from_ms(tx.now_ms());
    let read = tx.read();
    let row = case::find(&read, id)?;
    case_view::view_of(app, ctx, &read, row, now)
}

/// `case.attach`
pub(crate) fn attach(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Attach) -> Result<CaseView> {
    let origin = args.origin.unwrap_or_default();
    if origin == PaperOrigin::Reused {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            "Giấy tờ tái sử dụng được chọn từ hồ sơ trước khi tiếp nhận. Chưa ghi gì.",
        )
        .at("origin")
        .into());
    }
    let found = case::find(&tx.read(), args.id)?.case;
    let procedure = procedure_of(&tx.read(), &found)?;
    let event = attachment::attach(
        &found,
        Uuid::now_v7(),
        Wanted {
            paper: args.paper,
            origin,
            code: args.code,
            blob: args.blob,
            reused_from: None,
        },
        &names(procedure.as_ref()),
    )?;
    keep(app, tx, &event)?;
    tx.append(args.id, &Body::Case(event))?;
    view(app, ctx, tx, args.id)
}

/// The file was made durable before; the event that names it says so in one transaction with it.
fn keep(app: &App, tx: &Write<'_>, event: &CaseEvent) -> Result<()> {
    let CaseEvent::PaperAttached(file) = event else {
        return Ok(());
    };
    if app.store.blobs().len(&file.blob.hash)? != Some(file.blob.bytes) {
        return Err(Refusal::new(
            Code::BlobMissing,
            "Tệp vừa ghép không còn trên máy này. Chưa ghi gì, các trang vẫn còn. Mời gắn lại.",
        )
        .at("blob")
        .into());
    }
    tx.keep_blob(&file.blob.hash, file.blob.bytes)
}

fn names(procedure: Option<&Procedure>) -> Vec<&str> {
    procedure.map_or_else(Vec::new, |p| {
        p.papers.iter().map(|paper| paper.name.as_str()).collect()
    })
}

/// `case.detach`
pub(crate) fn detach(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Detach) -> Result<CaseView> {
    let found = case::find(&tx.read(), args.id)?.case;
    let event = attachment::detach(&found, args.attachment, &args.reason)?;
    tx.append(args.id, &Body::Case(event))?;
    view(app, ctx, tx, args.id)
}

/// `case.attachment`
pub(crate) fn attachment(app: &App, _ctx: &Ctx, args: AttachmentGet) -> Result<Rendered> {
    let found = app.store.read(|read| case::find(read, args.id))?.case;
    let file = found.attachment(args.attachment).ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Hồ sơ không có tệp này, hoặc vừa có người gỡ. Mời xem lại hồ sơ.",
        )
        .at("attachment")
    })?;
    let blob = &file.file.blob;
    let bytes = match app.store.blobs().read(&blob.hash) {
        // Another machine scanned it: it is fetched for whoever wants to read it.
        Err(error) if error.code() == Code::BlobMissing && fetched(app, blob) => {
            app.store.blobs().read(&blob.hash)?
        }
        read => read?,
    };
    let words = text::folded_words(&format!("{} {}", file.file.code, file.file.name));
    let mut name: String = words.join("-").chars().filter(char::is_ascii).collect();
    name.truncate(NAME);
    Ok(Rendered {
        file_name: format!("{name}.pdf"),
        media_type: "application/pdf".to_owned(),
        content_base64: STANDARD.encode(bytes),
    })
}

fn fetched(app: &App, blob: &Blob) -> bool {
    match (app.link(), app.central()) {
        (Some(link), _) => link.fetch(app, &blob.hash, blob.bytes),
        (None, Some(central)) => central.fetch(app, &blob.hash, blob.bytes),
        (None, None) => false,
    }
}

/// `case.reusable`
pub(crate) fn reusable(app: &App, _ctx: &Ctx, args: Reusable) -> Result<Vec<ReusablePaper>> {
    let owner = text::line(&args.id_number, limit::CODE).map_err(|r| r.at("id_number"))?;
    let today = app.today()?;
    if owner.is_empty() {
        return Ok(Vec::new());
    }
    app.store.read(|read| {
        let wanted = match &args.procedure_code {
            Some(code) => Some(catalogue::in_force(read, code, today)?.procedure),
            None => None,
        };
        let mut found: Vec<ReusablePaper> = Vec::new();
        for (id, attachment) in read.attachments_of_owner(&owner, MOST_REUSABLE)? {
            let Some(row) = read.case(id)? else { continue };
            let Some(file) = row.case.attachment(attachment) else {
                continue;
            };
            let index = wanted.as_ref().and_then(|p| fits(p, &file.file.name));
            if wanted.is_some() && index.is_none() {
                continue;
            }
            // The newest of each paper is enough.
            let same =
                |known: &ReusablePaper| text::fold(&known.name) == text::fold(&file.file.name);
            if found.iter().any(same) {
                continue;
            }
            found.push(ReusablePaper {
                case_id: id,
                case_code: row.case.code().to_owned(),
                attachment,
                name: file.file.name.clone(),
                code: file.file.code.clone(),
                at: Time::from_ms(file.at_ms),
                pages: file.file.blob.pages,
                index,
                here: read.has_blob(&file.file.blob.hash)?,
            });
        }
        Ok(found)
    })
}

/// The paper of a procedure that is called the same, whatever the diacritics and blanks.
fn fits(procedure: &Procedure, name: &str) -> Option<usize> {
    let wanted = text::folded_words(name);
    procedure
        .papers
        .iter()
        .position(|paper| text::folded_words(&paper.name) == wanted)
}

/// What is taken over from earlier cases when a case is received: each of the same person.
pub(super) struct TakenOver {
    pub(super) index: usize,
    wanted: Wanted,
}

/// Looks the papers up that are to be taken over.
///
/// # Errors
/// `REUSE_NOT_THEIRS` at the paper, also where it is not the paper that is wanted.
pub(super) fn taken_over(
    read: &Read<'_>,
    owner: Option<&str>,
    procedure: &Procedure,
    asked: &[Reuse],
) -> Result<Vec<TakenOver>> {
    let mut taken = Vec::with_capacity(asked.len());
    for (i, reuse) in asked.iter().enumerate() {
        let refuse =
            |message: &str| Refusal::new(Code::ReuseNotTheirs, message).at(format!("reuse[{i}]"));
        let row = read.case(reuse.case_id)?;
        let file = row
            .as_ref()
            .and_then(|row| Some((row, row.case.attachment(reuse.attachment)?)));
        let Some((row, file)) = file else {
            return Err(refuse(
                "Giấy tờ định tái sử dụng không còn trong hồ sơ trước. Chưa ghi gì. Mời nhận giấy tờ này bằng bản giấy.",
            )
            .into());
        };
        let theirs = row.case.received.applicant.id_number.as_deref();
        if owner.is_none() || owner != theirs {
            return Err(refuse(
                "Giấy tờ định tái sử dụng là của người khác. Chưa ghi gì. Mời xem lại số định danh của chủ hồ sơ.",
            )
            .into());
        }
        if fits(procedure, &file.file.name) != Some(reuse.index) {
            return Err(refuse(
                "Giấy tờ định tái sử dụng không phải là giấy tờ mà thủ tục này cần ở dòng đó. Chưa ghi gì. Mời nhận giấy tờ này bằng bản giấy.",
            )
            .into());
        }
        taken.push(TakenOver {
            index: reuse.index,
            wanted: Wanted {
                paper: AttachedTo::Paper { index: reuse.index },
                origin: PaperOrigin::Reused,
                code: None,
                blob: file.file.blob.clone(),
                reused_from: Some(ReusedFrom {
                    case_id: reuse.case_id,
                    case_code: row.case.code().to_owned(),
                    attachment: reuse.attachment,
                }),
            },
        });
    }
    Ok(taken)
}

/// Writes what is taken over into the case that has just been received.
pub(super) fn take_over(
    tx: &mut Write<'_>,
    id: Uuid,
    procedure: &Procedure,
    taken: Vec<TakenOver>,
) -> Result<()> {
    for each in taken {
        let case = case::find(&tx.read(), id)?.case;
        let event = attachment::attach(&case, Uuid::now_v7(), each.wanted, &names(Some(procedure)))
            .map_err(|r| r.within("reuse"))?;
        tx.append(id, &Body::Case(event))?;
    }
    Ok(())
}
