//! Doing one thing on a folder: by itself, or through the process that holds it.

use std::{fs, io::Read as _, process::ExitCode, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_app::{App, Caller, Settings, clock::SystemClock};
use motcua_domain::{Code, Refusal};
use motcua_hub::Endpoint;
use motcua_protocol::ApiError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    args::{self, Args, Catalogue, Command},
    out, serve,
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
            let answer = call(args, name, argument_of(argument.as_deref())?)?;
            out::json(&answer);
        }
        Command::Commands => out::json(&Value::Array(motcua_app::commands())),
        Command::Document { kind, id, out } => document(args, kind, id, out)?,
        Command::Serve { listen, ui } => {
            return serve::run(open(args, true)?, args, *listen, ui.clone());
        }
        Command::Dump => {
            open(args, false)?.dump(out::raw).map_err(api)?;
        }
        Command::Verify => return verify(args),
        Command::Rebuild => {
            let entities = open(args, false)?.rebuild().map_err(api)?;
            out::json(&json!({"entities": entities}));
        }
        Command::Backup { file } => {
            let backup = open(args, false)?.backup(file).map_err(api)?;
            out::json(
                &json!({"file": file, "device": backup.device, "epoch": backup.epoch, "seq": backup.seq, "events": backup.events, "bytes": backup.bytes}),
            );
        }
        Command::Restore { file } => {
            let backup =
                App::restore(&settings(args), file, &SystemClock::default()).map_err(api)?;
            out::json(
                &json!({"device": backup.device, "epoch": backup.epoch, "seq": backup.seq, "events": backup.events}),
            );
        }
        Command::PairCode | Command::Pair { .. } | Command::Enrol { .. } | Command::Sync { .. } => {
            return Err(Refusal::new(
                Code::Unsupported,
                "Bản này chạy trên một máy, chưa ghép quầy và chưa gửi về trung tâm. Mọi bản ghi được giữ an toàn trên máy.",
            )
            .into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn api(error: impl Into<Refusal>) -> ApiError {
    ApiError::from(error.into())
}

fn settings(args: &Args) -> Settings {
    Settings {
        patience: PATIENCE,
        ..Settings::new(&args.data)
    }
}

fn open(args: &Args, printing: bool) -> Result<Arc<App>, ApiError> {
    App::open(
        Settings {
            printing,
            ..settings(args)
        },
        SystemClock::default(),
    )
    .map_err(api)
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

fn invalid(message: &str) -> ApiError {
    Refusal::new(Code::ArgumentInvalid, message).into()
}

/// One verb: through the process that holds the folder if there is one, else by itself.
fn call(args: &Args, name: &str, mut argument: Value) -> Result<Value, ApiError> {
    // The id is made here, once: whichever way the command goes, it is the same command.
    if let Some(object) = argument.as_object_mut() {
        object
            .entry("command_id")
            .or_insert_with(|| Value::String(Uuid::now_v7().to_string()));
    }
    let quick = Settings {
        patience: Duration::ZERO,
        ..settings(args)
    };
    let app = match App::open(quick, SystemClock::default()) {
        Ok(app) => app,
        Err(error) if error.code() == Code::FolderInUse => {
            if let Some(answer) = through(args, name, &argument) {
                return answer;
            }
            open(args, false)?
        }
        Err(error) => return Err(api(error)),
    };
    app.call(
        &Caller {
            officer: args.officer.clone(),
            command_id: None,
        },
        name,
        argument,
    )
}

/// Asks the process that holds the folder; `None` when none answers.
fn through(args: &Args, name: &str, argument: &Value) -> Option<Result<Value, ApiError>> {
    let endpoint = Endpoint::read(&args.data)?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut request = agent
        .post(format!("{}/rpc/{name}", endpoint.url))
        .header("authorization", format!("Bearer {}", endpoint.token))
        .header("content-type", "application/json");
    if let Some(officer) = &args.officer {
        request = request.header("x-officer", officer);
    }
    let mut response = request.send(argument.to_string()).ok()?;
    let ok = response.status().is_success();
    let body: Value = response
        .body_mut()
        .with_config()
        .limit(256 << 20)
        .read_json()
        .ok()?;
    Some(if ok {
        Ok(body)
    } else {
        Err(serde_json::from_value(body)
            .unwrap_or_else(|_| invalid("Cửa sổ đang mở trả lời không đọc được. Mời thử lại.")))
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
    let verified = open(args, false)?.verify().map_err(api)?;
    let findings: Vec<Value> = verified
        .findings
        .iter()
        .map(|f| json!({"kind": f.kind, "what": f.what}))
        .collect();
    out::json(
        &json!({"ok": findings.is_empty(), "events": verified.events, "entities": verified.entities, "findings": findings}),
    );
    Ok(if verified.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
