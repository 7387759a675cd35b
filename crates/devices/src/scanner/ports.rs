//! Which serial ports this machine has.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serialport::SerialPortType;

/// Where Linux names USB ports by maker and serial number.
const BY_ID: &str = "/dev/serial/by-id";

/// A serial port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortInfo {
    /// What to open. On Linux the name by maker and serial number where there is one: the number
    /// in `ttyACM0` changes when a scanner is plugged in again.
    pub path: String,
    /// What the device calls itself, or the path.
    pub name: String,
    /// True for USB, which is where scanners are.
    pub usb: bool,
}

/// The ports of this machine, USB first.
///
/// # Errors
/// If the system does not list them.
pub fn discover_ports() -> serialport::Result<Vec<PortInfo>> {
    let lasting = lasting_names(Path::new(BY_ID));
    let mut ports: Vec<_> = serialport::available_ports()?
        .into_iter()
        .map(|port| {
            let (usb, product) = match port.port_type {
                SerialPortType::UsbPort(usb) => (true, usb.product),
                SerialPortType::PciPort
                | SerialPortType::BluetoothPort
                | SerialPortType::Unknown => (false, None),
            };
            let path = lasting
                .get(Path::new(&port.port_name))
                .map_or(port.port_name, |path| path.display().to_string());
            PortInfo {
                name: product.unwrap_or_else(|| path.clone()),
                path,
                usb,
            }
        })
        .collect();
    ports.sort_by(|a, b| b.usb.cmp(&a.usb).then_with(|| a.path.cmp(&b.path)));
    Ok(ports)
}

/// Device → its lasting name. Empty where the system has no such folder.
fn lasting_names(folder: &Path) -> HashMap<PathBuf, PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return HashMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| Some((fs::canonicalize(entry.path()).ok()?, entry.path())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_port_is_known_by_its_lasting_name() {
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("ttyACM0");
        fs::write(&device, "").unwrap();
        let links = folder.path().join("by-id");
        fs::create_dir(&links).unwrap();
        let link = links.join("usb-Honeywell_1470g-if00");
        std::os::unix::fs::symlink(&device, &link).unwrap();
        let device = fs::canonicalize(device).unwrap();
        assert_eq!(lasting_names(&links).get(&device), Some(&link));
    }
}
