//! The command line. Names may grow, these stay.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use uuid::Uuid;

/// Một Cửa trên dòng lệnh: cùng các lệnh với cửa sổ, trên cùng thư mục dữ liệu.
#[derive(Debug, Parser)]
#[command(name = "motcua", version)]
pub(crate) struct Args {
    /// Thư mục dữ liệu của chi nhánh.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Cán bộ làm việc này; để trống là quản trị của chi nhánh.
    #[arg(long = "as", value_name = "OFFICER")]
    pub(crate) officer: Option<String>,
    /// Trả lời bằng JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tạo chi nhánh dùng thử trong thư mục.
    Demo,
    /// Danh mục thủ tục.
    Catalogue {
        #[command(subcommand)]
        command: Catalogue,
    },
    /// Làm một lệnh hoặc truy vấn; tham số là JSON, `-` đọc từ đầu vào chuẩn.
    Do {
        /// Tên lệnh, ví dụ visit.register.
        name: String,
        /// JSON hoặc `-`.
        argument: Option<String>,
    },
    /// Mọi lệnh và truy vấn, với lược đồ JSON.
    Commands,
    /// Một giấy tờ thành tệp (đuôi .pdf, .png hoặc .escpos).
    Document {
        /// receipt hoặc ticket.
        kind: String,
        /// Mã hồ sơ, hoặc UUID của hồ sơ hay lượt.
        id: String,
        /// Tệp ghi ra.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Làm máy chủ quầy trên địa chỉ mạng này; trình duyệt và dòng lệnh trên cùng máy vào bằng địa chỉ riêng.
    Serve {
        /// Địa chỉ mạng; cổng 0 lấy cổng trống. Để trống thì dùng địa chỉ máy chủ quầy đã nhớ, chưa có thì 127.0.0.1 và cổng trống.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Thư mục màn hình đã dựng.
        #[arg(long, value_name = "DIR")]
        ui: Option<PathBuf>,
        /// Thư mục chưa có chi nhánh thì mở màn hình bắt đầu: ghép vào máy chủ quầy hoặc tạo chi nhánh dùng thử.
        #[arg(long)]
        setup: bool,
    },
    /// Mọi lượt, chặng và hồ sơ thành dòng JSON chuẩn, đã sắp xếp.
    Dump,
    /// Kiểm tra chuỗi băm, bảng so với dựng lại, và số đã cấp.
    Verify,
    /// Dựng lại mọi bảng từ nhật ký.
    Rebuild,
    /// Ghi bản sao lưu.
    Backup {
        /// Tệp ghi ra.
        file: PathBuf,
    },
    /// Khôi phục từ bản sao lưu; dữ liệu cũ được dời sang bên, không xóa.
    Restore {
        /// Tệp sao lưu.
        file: PathBuf,
    },
    /// Mã ghép thêm một quầy, dùng một lần trong 5 phút; máy chủ quầy phải đang chạy.
    PairCode,
    /// Ghép thư mục trống này vào một máy chủ quầy.
    Pair {
        /// Địa chỉ máy chủ quầy, dạng https://TÊN-MÁY:CỔNG.
        #[arg(long, value_name = "URL")]
        hub: String,
        /// Mã 8 chữ và số lấy trên máy chủ quầy.
        #[arg(long)]
        code: String,
        /// Tên gọi của máy này trong chi nhánh.
        #[arg(long, default_value = "Máy quầy")]
        name: String,
    },
    /// Máy chủ quầy hỏng: dùng máy quầy này làm máy chủ từ nay.
    Promote {
        /// Lý do, ghi lại trong nhật ký.
        #[arg(long)]
        reason: String,
        /// Địa chỉ của máy này mà các quầy gọi tới; để trống là địa chỉ trong mạng và cổng 7420.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Theo máy chủ quầy mới ở địa chỉ này; cửa sổ hoặc `serve` của thư mục phải đang chạy.
    Follow {
        /// Địa chỉ, dạng https://TÊN-MÁY:CỔNG.
        #[arg(long, value_name = "URL")]
        hub: String,
    },
    /// Máy chủ quầy cũ đã bỏ hẳn, không bật lại: từ ngày làm việc sau, số lại theo hàng chung.
    Retire {
        /// Máy cũ.
        device: Uuid,
        /// Lý do, ghi lại trong nhật ký.
        #[arg(long)]
        reason: String,
    },
    /// Kết nối với hệ thống trung tâm bằng mã dùng một lần; từ đó bản ghi tự gửi khi có mạng.
    Enrol {
        /// Địa chỉ trung tâm, dạng https://TÊN-MÁY:CỔNG.
        #[arg(long, value_name = "URL", required_unless_present = "file")]
        central: Option<String>,
        /// Mã do đơn vị quản trị trung tâm cấp.
        #[arg(long, required_unless_present = "file")]
        code: Option<String>,
        /// Chứng thư của trung tâm (PEM): chỉ tin chứng thư này.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// Tệp kết nối do `motcua-central code --to` ghi, có đủ địa chỉ, mã và chứng thư.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Xuất bản ghi trung tâm chưa nhận ra tệp niêm phong, chỉ trung tâm mở được; bản ghi vẫn tính là chưa gửi tới khi trung tâm xác nhận.
    ExportUnsent {
        /// Tệp ghi ra, đuôi .motcua.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Xuất mọi bản ghi, cả những gì trung tâm từng báo đã nhận.
        #[arg(long)]
        all: bool,
        /// Khóa niêm phong do trung tâm cấp, nếu máy chưa nối trung tâm lần nào.
        #[arg(long)]
        key: Option<String>,
        /// Mã kết nối dùng một lần, nếu máy chưa nối trung tâm lần nào.
        #[arg(long)]
        code: Option<String>,
    },
    /// Chuyển tệp niêm phong của máy khác lên trung tâm qua đường mạng của máy này.
    Import {
        /// Tệp .motcua.
        file: PathBuf,
    },
    /// Gửi và nhận ngay với máy chủ quầy hoặc trung tâm, rồi cho biết kết quả.
    Sync {
        /// Một lần rồi thôi.
        #[arg(long)]
        once: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Catalogue {
    /// Nhập danh mục từ tệp LayThuTuc JSON, XLSX hoặc CSV.
    Import {
        /// Tệp danh mục.
        file: PathBuf,
    },
}

/// A UUID, if the text is one.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok()
}
