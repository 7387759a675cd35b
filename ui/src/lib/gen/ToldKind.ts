export type ToldKind = "result_ready" | "supplement_asked" | "date_postponed";
