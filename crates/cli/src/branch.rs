//! Doing one thing on a folder: by itself, or through the process that holds it.

use std::{fs, io::Read as _, path::Path, process::ExitCode, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_app::{App, Caller, CentralLink, HubLink, Settings, clock::SystemClock};
use motcua_domain::{Code, Refusal};
use motcua_hub::{DATABASE, Line, Uplink};
use motcua_protocol::{
    ApiError,
    verbs::{
        central::CentralEnrol,
        sync::{Carry, Export},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    args::{self, Args, Catalogue, Command},
    folder, out, serve,
};

/// How long one command waits for another to let go of the folder.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(args: &Args) -> Result<ExitCode, ApiError> {
    match &args.command {
        Command::Demo => {
            let app = App::demo(settings(args), SystemClock::default()).map_err(api)?;
            drop(app);
            let answer = json!({"data": args.data, "demo": true});
            if args.json {
                out::json(&answer);
            } else {
                out::raw(
                    format!("Đã tạo chi nhánh dùng thử trong {}.", args.data.display()).as_bytes(),
                );
            }
        }
        Command::Catalogue {
            command: Catalogue::Import { file },
        } => {
            let bytes = fs::read(file).map_err(|e| out::file_fault(&e, file))?;
            let name = file.file_name().map_or_else(
                || "catalogue".to_owned(),
                |n| n.to_string_lossy().into_owned(),
            );
            let report = call(
                args,
                "catalogue.import",
                json!({"file_name": name, "content_base64": STANDARD.encode(bytes)}),
            )?;
            out::json(&report);
        }
        Command::Do { name, argument } => {
            let argument = argument_of(argument.as_deref())?;
            let answer = match call(args, name, argument.clone()) {
                Err(none) if none.code == Code::NoBranch && motcua_hub::begins(name) => {
                    begin(args, name, argument)?
                }
                answer => answer?,
            };
            out::json(&answer);
        }
        Command::Commands => out::json(&Value::Array(motcua_app::commands())),
        Command::Document { kind, id, out } => document(args, kind, id, out)?,
        Command::Serve {
            listen,
            ui,
            setup: true,
        } if empty(args) => {
            return serve::setup(settings(args), *listen, ui.clone());
        }
        Command::Serve { listen, ui, .. } => {
            let line = line(args, true)?;
            let app = open(args, true, line.clone())?;
            return serve::run(app, args, *listen, ui.clone(), line);
        }
        Command::Dump => match quick(args)? {
            Some(app) => app.dump(out::raw).map_err(api)?,
            None => folder::dump(args)?,
        },
        Command::Verify => return verify(args),
        Command::Rebuild => {
            let entities = open(args, false, line(args, false)?)?
                .rebuild()
                .map_err(api)?;
            out::json(&json!({"entities": entities}));
        }
        Command::Backup { file } => {
            // Another process may hold the folder, and lie in another one than this.
            let file = absolute(file);
            out::json(&match quick(args)? {
                Some(app) => motcua_hub::back_up(&app, Path::new(&file))?,
                None => folder::backup(args, &file)?,
            });
        }
        Command::Restore { file } => {
            let backup =
                App::restore(&settings(args), file, &SystemClock::default()).map_err(api)?;
            out::json(
                &json!({"device": backup.device, "epoch": backup.epoch, "seq": backup.seq, "events": backup.events}),
            );
        }
        Command::PairCode => out::json(&folder::pair_code(args)?),
        Command::Pair { hub, code, name } => {
            let joined =
                motcua_hub::pair(&settings(args), SystemClock::default(), hub, code, name)?;
            out::json(&json!(joined));
        }
        Command::Promote { reason, listen } => {
            let mut promote = json!({"reason": reason});
            if let Some(listen) = listen {
                promote["listen"] = json!(listen.to_string());
            }
            out::json(&call(args, "hub.promote", promote)?);
        }
        Command::Follow { hub } => out::json(&folder::follow(args, hub)?),
        Command::Retire { device, reason } => out::json(&call(
            args,
            "hub.retire",
            json!({"device": device, "reason": reason}),
        )?),
        Command::ExportUnsent { to, all, key, code } => {
            let ask = Export {
                to: absolute(to),
                all: *all,
                key: key.clone(),
                code: code.clone(),
            };
            out::json(&match quick(args)? {
                Some(app) => json!(motcua_hub::export(&app, &ask)?),
                None => folder::rpc(args, "sync.export", &json!(ask))?,
            });
        }
        Command::Import { file } => {
            let ask = Carry {
                file: absolute(file),
            };
            out::json(&match quick(args)? {
                Some(app) => json!(motcua_hub::carry(&app, &ask, uplink(args)?.as_deref())?),
                None => folder::rpc(args, "sync.carry", &json!(ask))?,
            });
        }
        Command::Sync { once: _ } => return sync(args),
        Command::Enrol {
            central,
            code,
            ca,
            file,
        } => {
            let ask = CentralEnrol {
                file: text_of(file.as_deref(), "file")?,
                central: central.clone(),
                code: code.clone(),
                ca: text_of(ca.as_deref(), "ca")?,
            };
            out::json(&match quick(args)? {
                Some(app) => {
                    app.allows(&caller(args), "central.enrol")?;
                    json!(motcua_hub::enrol(&app, &ask)?)
                }
                None => folder::rpc(args, "central.enrol", &json!(ask))?,
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn api(error: impl Into<Refusal>) -> ApiError {
    ApiError::from(error.into())
}

/// Another process may hold the folder, and lie in another one than this.
fn absolute(file: &Path) -> String {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    path.to_string_lossy().into_owned()
}

fn settings(args: &Args) -> Settings {
    Settings {
        patience: PATIENCE,
        ..Settings::new(&args.data)
    }
}

/// The line to the hub, where the folder is a counter.
fn line(args: &Args, background: bool) -> Result<Option<Arc<Line>>, ApiError> {
    Line::of_folder(&args.data, background).map_err(|e| out::file_fault(&e, &args.data))
}

/// The line to central, where the folder has one.
fn uplink(args: &Args) -> Result<Option<Arc<Uplink>>, ApiError> {
    Uplink::of_folder(&args.data).map_err(|e| out::file_fault(&e, &args.data))
}

fn linked(line: Option<Arc<Line>>) -> Option<Arc<dyn HubLink>> {
    line.map(|line| line as Arc<dyn HubLink>)
}

fn open(args: &Args, printing: bool, line: Option<Arc<Line>>) -> Result<Arc<App>, ApiError> {
    App::open(
        Settings {
            printing,
            link: linked(line),
            ..settings(args)
        },
        SystemClock::default(),
    )
    .map_err(api)
}

/// The folder, unless another process that can be asked holds it.
fn quick(args: &Args) -> Result<Option<Arc<App>>, ApiError> {
    let settings = Settings {
        patience: Duration::ZERO,
        link: linked(line(args, false)?),
        central: uplink(args)?.map(|uplink| uplink as Arc<dyn CentralLink>),
        ..settings(args)
    };
    match App::open(settings, SystemClock::default()) {
        Ok(app) => Ok(Some(app)),
        Err(error) if error.code() == Code::FolderInUse => {
            if folder::answers(args) {
                return Ok(None);
            }
            open(args, false, line(args, false)?).map(Some)
        }
        Err(error) => Err(api(error)),
    }
}

fn argument_of(argument: Option<&str>) -> Result<Value, ApiError> {
    let text = match argument {
        None => return Ok(json!({})),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|_| invalid("Đầu vào không phải chữ UTF-8."))?;
            text
        }
        Some(text) => text.to_owned(),
    };
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_str(&text).map_err(|error| {
        invalid(&format!(
            "Tham số không phải JSON (dòng {}, cột {}). Chưa ghi gì.",
            error.line(),
            error.column()
        ))
    })
}

pub(crate) fn invalid(message: &str) -> ApiError {
    Refusal::new(Code::ArgumentInvalid, message).into()
}

/// Whether the folder has no branch yet.
fn empty(args: &Args) -> bool {
    let cut_short = || matches!(quick(args), Err(error) if error.code == Code::NoBranch);
    !args.data.join(DATABASE).exists() || cut_short()
}

/// One of the few things a folder without a branch can do: through the process that shows its
/// beginning if there is one, else by itself.
fn begin(args: &Args, name: &str, argument: Value) -> Result<Value, ApiError> {
    if folder::answers(args) {
        return folder::rpc(args, name, &argument);
    }
    motcua_hub::begin(&settings(args), name, argument)
}

/// One verb: through the process that holds the folder if there is one, else by itself.
fn call(args: &Args, name: &str, mut argument: Value) -> Result<Value, ApiError> {
    // The id is made here, once: whichever way the command goes, it is the same command.
    if let Some(object) = argument.as_object_mut() {
        object
            .entry("command_id")
            .or_insert_with(|| Value::String(Uuid::now_v7().to_string()));
    }
    let Some(app) = quick(args)? else {
        return folder::rpc(args, name, &argument);
    };
    if name.ends_with(".look_up") {
        // Nothing else that one command does needs central.
        app.set_central(uplink(args)?.map(|line| line as Arc<dyn CentralLink>));
    }
    app.call(&caller(args), name, argument)
}

fn caller(args: &Args) -> Caller {
    Caller {
        officer: args.officer.clone(),
        command_id: None,
    }
}

/// What stands in a file that a person names in a field.
fn text_of(file: Option<&Path>, field: &str) -> Result<Option<String>, ApiError> {
    let read = file.map(fs::read_to_string).transpose();
    read.map_err(|_| {
        let message = "Không đọc được tệp này. Chưa kết nối gì. Mời xem lại đường dẫn.";
        api(Refusal::new(Code::ArgumentInvalid, message).at(field))
    })
}

fn document(args: &Args, kind: &str, id: &str, file: &std::path::Path) -> Result<(), ApiError> {
    let format = match file.extension().and_then(|e| e.to_str()) {
        Some("png") => "png",
        Some("escpos" | "bin") => "escpos",
        _ => "pdf",
    };
    let id = match args::uuid(id) {
        Some(id) => id.to_string(),
        None => {
            let case = call(args, "case.get", json!({"code": id}))?;
            case["case_id"].as_str().unwrap_or_default().to_owned()
        }
    };
    let rendered = call(
        args,
        "document.render",
        json!({"kind": kind, "id": id, "format": format}),
    )?;
    let bytes = STANDARD
        .decode(rendered["content_base64"].as_str().unwrap_or_default())
        .map_err(|_| invalid("Giấy tờ nhận về không đọc được. Mời thử lại."))?;
    fs::write(file, &bytes).map_err(|e| out::file_fault(&e, file))?;
    out::json(&json!({"file": file, "bytes": bytes.len()}));
    Ok(())
}

fn verify(args: &Args) -> Result<ExitCode, ApiError> {
    let found = match quick(args)? {
        Some(app) => motcua_hub::verify(&app)?,
        None => folder::verify(args)?,
    };
    let ok = found["ok"] == Value::Bool(true);
    out::json(&found);
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn sync(args: &Args) -> Result<ExitCode, ApiError> {
    let synced = match quick(args)? {
        Some(app) => {
            let (line, uplink) = (line(args, false)?, uplink(args)?);
            match (line, uplink) {
                (Some(line), _) => json!(line.sync(&app)),
                (None, Some(uplink)) => json!(uplink.sync(&app)),
                (None, None) => {
                    return Err(Refusal::new(Code::NotPaired, motcua_hub::NOBODY).into());
                }
            }
        }
        None => folder::sync(args)?,
    };
    let ok = synced.get("last_error").is_none();
    out::json(&synced);
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
