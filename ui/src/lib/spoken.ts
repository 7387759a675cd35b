//! A moment as an officer says it to a citizen.
import { locale, t } from "./i18n.svelte";
import { date, hourMinute, weekday, type When } from "./time.svelte";

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** `9 giờ 30`, `9 giờ` */
export function spokenHour(when: When): string {
  const [hour = "0", minute = "00"] = hourMinute(when).split(":");
  return minute === "00"
    ? t("time.hour", { h: Number(hour) })
    : t("time.hourMinute", { h: Number(hour), m: minute });
}

/** `thứ Tư, ngày 25/11/2026` */
export function spokenDay(when: When): string {
  const name = t(`weekday.${days[weekday(when)] ?? "sun"}`);
  // Within a sentence, "thứ Tư"; English days keep their capital.
  const inside = locale() === "vi" ? name.charAt(0).toLowerCase() + name.slice(1) : name;
  return t("time.day", { weekday: inside, date: date(when) });
}
