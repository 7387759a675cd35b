export type ToldChannel = "email" | "sms";
