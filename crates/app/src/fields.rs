//! What officers call the fields of commands. Rules about texts do not know whose text they look
//! at; here, where the whole path is known, the sentence gets the field's name. A field without
//! one here keeps its name on the wire, which is what a command line typed.

use motcua_domain::Refusal;

/// What a sentence of a rule begins with that does not know its field.
const THIS: &str = "Ô này ";

/// By the end of the path, the longer ones before what they end in.
const NAMES: &[(&str, &str)] = &[
    ("fee.amount", "Mức phí"),
    ("fee.ground", "Căn cứ miễn phí"),
    ("fee.method", "Cách thu phí"),
    ("on_behalf.competent", "Cơ quan có thẩm quyền"),
    ("on_behalf.receipt", "Nơi tiếp nhận"),
    ("on_behalf.help", "Nơi hướng dẫn, hỗ trợ"),
    ("online.code", "Mã hồ sơ trực tuyến"),
    ("applicant.name", "Họ và tên"),
    ("submitter.name", "Họ và tên người nộp"),
    ("party.name", "Họ và tên"),
    ("recipient.name", "Họ và tên người nhận"),
    ("contact.name", "Họ và tên"),
    ("paper.name", "Tên giấy tờ"),
    ("id_number", "Số căn cước / giấy tờ"),
    ("birth_date", "Ngày sinh"),
    ("sex", "Giới tính"),
    ("phone", "Điện thoại"),
    ("email", "Thư điện tử"),
    ("address", "Địa chỉ"),
    ("return_address", "Địa chỉ nhận kết quả"),
    ("representative", "Người đại diện"),
    ("reason", "Lý do"),
    ("skip_reason", "Lý do bỏ qua số"),
    ("despite", "Lý do vẫn cấp"),
    ("missing_ground", "Căn cứ nhận khi thiếu giấy tờ"),
    ("not_applicable", "Lý do không cần nộp"),
    ("ground", "Căn cứ"),
    ("note", "Ghi chú"),
    ("notes", "Ghi chú"),
    ("amount", "Số tiền"),
    ("service", "Lĩnh vực"),
    ("procedure_code", "Thủ tục"),
    ("counter", "Quầy"),
    ("slot_at", "Giờ hẹn"),
    ("paper_number", "Số trên phiếu giấy"),
    ("party_size", "Số người"),
    ("quantity", "Số hồ sơ"),
    ("sets", "Số bộ"),
    ("printer", "Máy in"),
    ("waybill", "Số vận đơn"),
    ("authorisation", "Giấy ủy quyền"),
    ("receiver", "Người nhận"),
    ("helping", "Cơ quan phối hợp"),
    ("office.website", "Trang web"),
    ("content", "Nội dung"),
    ("source", "Nguồn"),
    ("file_name", "Tên tệp"),
];

/// What officers call a field, by its path.
pub(crate) fn name(path: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(end, _)| {
            path.strip_suffix(end)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
        .map(|(_, name)| *name)
}

/// What a field is called in a sentence.
pub(crate) fn called(path: &str) -> &str {
    name(path).unwrap_or(path)
}

/// The sentence with the name of its field, where it speaks of “this field” and the field has one.
pub(crate) fn named(mut refusal: Refusal) -> Refusal {
    let name = refusal.field.as_deref().and_then(name);
    if let (Some(name), Some(rest)) = (name, refusal.message.strip_prefix(THIS)) {
        refusal.message = format!("Ô “{name}” {rest}");
    }
    refusal
}

#[cfg(test)]
mod tests {
    use motcua_domain::{Code, text};

    use super::*;

    #[test]
    fn a_field_is_found_by_the_end_of_its_path_and_only_by_whole_names() {
        assert_eq!(name("fee.amount"), Some("Mức phí"));
        assert_eq!(name("payment.amount"), Some("Số tiền"));
        assert_eq!(
            name("papers[2].not_applicable"),
            Some("Lý do không cần nộp")
        );
        assert_eq!(name("return_address"), Some("Địa chỉ nhận kết quả"));
        assert_eq!(name("treason"), None);
        assert_eq!(called("profile.dots"), "profile.dots");
    }

    #[test]
    fn what_a_rule_of_texts_says_names_its_field() {
        let refusal = text::required("  ", text::limit::NAME).unwrap_err();
        let told = named(refusal.clone().at("reason")).message;
        assert!(told.starts_with("Ô “Lý do” chưa có nội dung"), "{told}");
        // No name, no field: the sentence stays as it was.
        assert_eq!(
            named(refusal.clone().at("profile.x")).message,
            refusal.message
        );
        let other = Refusal::new(Code::NotFound, "Không thấy.").at("reason");
        assert_eq!(named(other).message, "Không thấy.");
    }
}
