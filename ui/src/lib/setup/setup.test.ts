import type { Branch } from "$lib/gen/Branch";
import { beforeEach, describe, expect, test } from "vitest";
import { changes, merge, outwards, placeOf, same } from "./changes";
import {
  addCounter,
  addOfficer,
  addService,
  addSpan,
  branchOf,
  codeFrom,
  copyMonday,
  type Draft,
  draftOf,
  freePrefix,
  hoursMode,
  idFrom,
  move,
  numberFrom,
  remove,
  renameCode,
  shown,
  timeFrom,
  toggleService,
  usualWeek,
  withMode,
} from "./draft";

function sample(): Branch {
  const service = (code: string, prefix: string, name: string) => ({
    code,
    prefix,
    name,
    hint: "",
    kind: "submit" as const,
    minutes: 10,
  });
  return {
    office: {
      code: "H99.12",
      parent: "ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH",
      unit: "BỘ PHẬN MỘT CỬA",
      name: "Phường Bình Minh",
      place: "Bình Minh",
      address: "",
      phone: "",
      website: "",
      number_suffix: "",
    },
    services: [
      service("ho-tich", "A", "Hộ tịch"),
      service("dat-dai", "B", "Đất đai"),
      service("khac", "C", "Khác"),
    ],
    counters: [
      { number: 1, name: "Quầy 1", services: [] },
      { number: 2, name: "Quầy 2", services: ["dat-dai"] },
    ],
    officers: [
      { id: "ha", name: "Nguyễn Thị Hà", roles: ["officer"] },
      { id: "quan", name: "Đỗ Văn Quản", roles: ["admin"] },
    ],
    queue: {
      priority_boost_s: 900,
      appointment_boost_s: 300,
      appointment_grace_s: 900,
      return_credit_s: 300,
      recall_gap_s: 20,
      recall_max: 3,
      undo_call_s: 60,
      missed_cooldown_s: 300,
      missed_max: 3,
      missed_wait_s: 1800,
      void_s: 300,
      reopen_s: 600,
    },
    targets: [{ minutes: 15, from_year: 2025, source: "QĐ" }],
    watch: {
      wait_s: [600, 900, 1800],
      idle_s: 180,
      called_s: 120,
      held_s: 1800,
      service_times: 3,
      service_s: 1200,
      promise_percent: 60,
    },
    case_pattern: "{agency}-{yymmdd}-{4}",
    form_set: "tt-01-2018",
    demo: false,
  };
}

let branch: Branch;
let draft: Draft;
beforeEach(() => {
  branch = sample();
  draft = draftOf(branch);
});
const at = <T>(list: T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
};
const lines = () => changes(branch, branchOf(draft)).map((line) => line.text);

describe("a draft", () => {
  test("changes nothing until somebody does, and never the document it came from", () => {
    expect(lines()).toEqual([]);
    at(draft.services, 0).value.name = "Hộ tịch, chứng thực";
    expect(branch).toEqual(sample());
    expect(changes(branch, branchOf(draft))).toEqual([
      {
        section: "services",
        text: "setup.change.service.changed",
        params: { name: "Hộ tịch" },
        fields: ["setup.service.name"],
      },
    ]);
  });

  test("is sent composed, without what was left empty", () => {
    at(draft.officers, 0).value.name = "Nguyễn Hà".normalize("NFD") + " ";
    at(draft.services, 0).value.contingent = null;
    const sent = branchOf(draft);
    expect(at(sent.officers, 0).name).toBe("Nguyễn Hà");
    expect("contingent" in at(sent.services, 0)).toBe(false);
  });

  test("is sent as written, also where nobody left the field before saving", () => {
    addService(draft);
    addOfficer(draft);
    Object.assign(at(draft.services, 3).value, { name: "Y tế", prefix: "y" });
    Object.assign(at(draft.officers, 2).value, { name: "Vũ Thị Ánh" });
    at(draft.counters, 1).value.services.push("");
    draft.hours = withMode(undefined, "own");
    const monday = draft.hours?.week?.monday;
    if (monday) at(monday, 0).from = "7h";
    const sent = branchOf(draft);
    expect(at(sent.services, 3)).toMatchObject({ code: "y-te", prefix: "Y" });
    expect(at(sent.officers, 2).id).toBe("anh");
    expect(at(sent.counters, 1).services).toEqual(["dat-dai", "y-te"]);
    expect(sent.hours?.week?.monday[0]?.from).toBe("07:00");
  });

  test("a service that goes also goes from the counters", () => {
    remove(draft, "services", 1);
    expect(at(draft.counters, 1).value.services).toEqual([]);
    expect(lines()).toEqual(["setup.change.service.removed", "setup.change.counter.changed"]);
  });

  test("new entries suggest what is free", () => {
    addService(draft);
    addCounter(draft, (number) => `Quầy ${number}`);
    addOfficer(draft);
    expect(at(draft.services, 3)).toMatchObject({ fresh: true, value: { prefix: "D" } });
    expect(at(draft.counters, 2).value).toEqual({ number: 3, name: "Quầy 3", services: [] });
    expect(at(draft.officers, 2).fresh).toBe(true);
    expect(codeFrom("Đất đai, xây dựng đô thị mới", [])).toBe("dat-dai-xay-dung");
    expect(codeFrom("Đất đai", ["dat-dai"])).toBe("dat-dai2");
    expect(idFrom("Trần Thị Hà", ["ha"])).toBe("ha2");
    expect(idFrom("", [])).toBe("can-bo");
  });

  test("letters of paper rolls are taken too", () => {
    at(draft.services, 0).value.roll = { series: "D" };
    expect(freePrefix(draft.services.map((each) => each.value))).toBe("E");
  });

  test("moving changes the order and nothing else, and stops at the ends", () => {
    expect(move(draft, "services", 0, -1)).toBe(0);
    expect(move(draft, "services", 0, 1)).toBe(1);
    expect(lines()).toEqual(["setup.change.service.order"]);
    move(draft, "services", 1, -1);
    expect(lines()).toEqual([]);
  });

  test("a counter serves everything, or what is ticked", () => {
    const one = at(draft.counters, 0).value;
    toggleService(draft, one, "khac");
    expect(one.services).toEqual(["ho-tich", "dat-dai"]);
    toggleService(draft, one, "khac");
    expect(one.services).toEqual([]);
    const two = at(draft.counters, 1).value;
    toggleService(draft, two, "ho-tich");
    expect(two.services).toEqual(["ho-tich", "dat-dai"]);
    toggleService(draft, two, "ho-tich");
    toggleService(draft, two, "dat-dai");
    expect(two.services).toEqual([]);
  });

  test("a fresh service's new code is known to its counters", () => {
    renameCode(draft, at(draft.services, 1).value, "nha-dat");
    expect(at(draft.counters, 1).value.services).toEqual(["nha-dat"]);
  });
});

describe("hours", () => {
  test("are nobody's own, the office's, or a week of their own", () => {
    expect(hoursMode(undefined)).toBe("outer");
    expect(withMode(undefined, "office")).toEqual({ last_number_before: 0 });
    const own = withMode({ last_number_before: 30 }, "own");
    expect(own?.last_number_before).toBe(30);
    expect(hoursMode(own)).toBe("own");
    expect(withMode(own, "outer")).toBeUndefined();
  });

  test("a day has several spans, and Monday's can be copied", () => {
    const week = usualWeek();
    addSpan(week, "monday");
    expect(week.monday.at(-1)).toEqual({ from: "17:30", to: "19:30" });
    copyMonday(week);
    expect(week.friday).toEqual(week.monday);
    addSpan(week, "saturday");
    expect(week.saturday).toEqual([{ from: "07:30", to: "11:30" }]);
    expect(week.sunday).toEqual([]);
  });

  test.each([
    ["7h30", "07:30"],
    ["730", "07:30"],
    ["0730", "07:30"],
    ["7:30", "07:30"],
    ["13.30", "13:30"],
    ["7", "07:00"],
    ["7h", "07:00"],
    ["25:00", undefined],
    ["7:60", undefined],
    ["sáng", undefined],
    ["", undefined],
  ])("%s is read as a time", (typed, time) => expect(timeFrom(typed)).toBe(time));

  test.each([
    [90, 60, "1,5"],
    [900, 60, "15"],
    [20, 1, "20"],
    [undefined, 1, ""],
  ])("%s over %s is shown", (value, scale, text) => expect(shown(value, scale)).toBe(text));

  test.each([
    ["1,5", 60, 90],
    ["15", 60, 900],
    ["", 60, NaN],
    ["-1", 1, NaN],
    ["mười", 1, NaN],
  ])("%s times %s is read", (text, scale, value) => expect(numberFrom(text, scale)).toBe(value));
});

describe("the field of a refusal", () => {
  test.each([
    ["branch.services[2].prefix", { section: "services", index: 2, path: "services[2].prefix" }],
    ["branch.services", { section: "services", path: "services" }],
    ["branch.office.code", { section: "office", path: "office.code" }],
    ["branch.case_pattern", { section: "office", path: "case_pattern" }],
    ["branch.targets[0].minutes", { section: "watch", index: 0, path: "targets[0].minutes" }],
    ["branch.hours.week.monday", { section: "hours", path: "hours.week.monday" }],
    ["expected", undefined],
    [undefined, undefined],
  ])("%s is found", (field, place) => expect(placeOf(field)).toEqual(place));

  test("its surroundings follow, the nearest first", () => {
    expect(outwards("services[2].hours.week")).toEqual([
      "services[2].hours.week",
      "services[2].hours",
      "services[2]",
      "services",
    ]);
    expect(outwards("services")).toEqual(["services"]);
  });
});

describe("two people at once", () => {
  test("both sets of changes stand", () => {
    const theirs = sample();
    theirs.office.phone = "1900 0000";
    theirs.officers.push({ id: "lan", name: "Trần Lan", roles: ["supervisor"] });
    theirs.services.splice(2, 1);
    const mine = sample();
    at(mine.services, 0).minutes = 20;
    mine.counters.push({ number: 3, name: "Quầy 3", services: [] });
    const { branch: merged, clashes } = merge(branch, mine, theirs);
    expect(clashes).toEqual([]);
    expect(merged.office.phone).toBe("1900 0000");
    expect(merged.officers.map((each) => each.id)).toEqual(["ha", "quan", "lan"]);
    expect(merged.services.map((each) => [each.code, each.minutes])).toEqual([
      ["ho-tich", 20],
      ["dat-dai", 10],
    ]);
    expect(merged.counters).toHaveLength(3);
  });

  test("where both changed the same, mine stays and is named", () => {
    const theirs = sample();
    at(theirs.counters, 0).name = "Quầy Một";
    theirs.counters.splice(1, 1);
    const mine = sample();
    at(mine.counters, 0).name = "Quầy số 1";
    at(mine.counters, 1).name = "Quầy số 2";
    const { branch: merged, clashes } = merge(branch, mine, theirs);
    expect(merged.counters.map((each) => each.name)).toEqual(["Quầy số 1", "Quầy số 2"]);
    expect(clashes).toEqual(["counters.1.name", "counters.2"]);
  });

  test("my order stays, and what they added comes after", () => {
    const theirs = sample();
    theirs.services.push({ ...at(theirs.services, 0), code: "moi", prefix: "D", name: "Mới" });
    const mine = sample();
    mine.services.reverse();
    const { branch: merged } = merge(branch, mine, theirs);
    expect(merged.services.map((each) => each.code)).toEqual(["khac", "dat-dai", "ho-tich", "moi"]);
  });

  test("nothing and null are the same", () => {
    expect(same({ a: 1, b: null }, { a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same(NaN, null)).toBe(false);
  });
});
