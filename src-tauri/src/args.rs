//! How the window is started.

use std::path::PathBuf;

use clap::Parser;

/// Cửa sổ Một Cửa.
#[derive(Debug, Parser)]
#[command(name = "motcua-desktop", version)]
pub(crate) struct Args {
    /// Thư mục dữ liệu; mặc định là thư mục của người dùng này.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Tạo chi nhánh dùng thử nếu thư mục còn trống.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Máy quét nối tiếp: CỔNG hoặc CỔNG@TỐC-ĐỘ.
    #[arg(long, env = "MOTCUA_SCANNER", value_name = "PORT")]
    pub(crate) scanner: Option<String>,
}

impl Args {
    /// The data folder, the user's own unless said.
    pub(crate) fn data(&self) -> PathBuf {
        let set = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        self.data.clone().unwrap_or_else(|| {
            set("XDG_DATA_HOME")
                .or_else(|| set("LOCALAPPDATA"))
                .or_else(|| set("HOME").map(|home| home.join(".local/share")))
                .unwrap_or_else(|| PathBuf::from("."))
                .join("motcua")
        })
    }
}
