// The texts of the site, in English and Japanese. To add a language, add an entry
// to texts. The texts of the maintenance screen are in screenwords.js.

import screen from "./screenwords.js";

const texts = {
  en: {
    skip: "Skip to the content",
    main: "Main",
    reports: "Reports",
    templates: "Templates",
    logIn: "Log in",
    logOut: "Log out",
    name: "Name",
    password: "Password",
    newReport: "New report",
    template: "Template",
    title: "Title",
    text: "What you have seen",
    save: "Save",
    outbox: "Waiting to be sent",
    newestFirst: "Reports, newest first",
    older: "Older reports",
    loading: "Loading…",
    promise: "Your input is saved. You don’t need to reload this page.",
    noReports: "No reports yet.",
    asOf: "As of",
    drawing: "Drawing: {name}",
    sending: "Sending…",
    saved: "Saved.",
    kept: "Kept in this browser. It will be sent automatically.",
    keptWithPage: "This browser cannot store it. Keep this page open until it is sent, or copy it.",
    waits: "Kept in this browser. Not sent yet.",
    refused: "Not accepted:",
    edit: "Edit",
    discard: "Discard",
    discardQuestion: "Discard “{title}”? It has not been sent.",
    notSent: "Your reports have not been sent yet.",
    waitsForLogin: "Reports kept in this browser: {count}. They are sent when their author logs in.",
    notLoggedIn: "You have not been logged in. Log in again when the service is available.",
    wrongPassword: "No account has this name and password.",
    tooMany: "There were too many attempts. Wait a few minutes and try again.",
    unreachable: "The service cannot be reached.",
    failed: "The service has a problem.",
    comeBack: "Please come back later.",
    planned: "Planned maintenance",
    dismiss: "Hide",
  },
  ja: {
    skip: "本文へ移動",
    main: "メイン",
    reports: "レポート",
    templates: "テンプレート",
    logIn: "ログイン",
    logOut: "ログアウト",
    name: "ユーザー名",
    password: "パスワード",
    newReport: "新しいレポート",
    template: "テンプレート",
    title: "タイトル",
    text: "内容",
    save: "保存",
    outbox: "送信待ち",
    newestFirst: "レポート（新しい順）",
    older: "以前のレポート",
    loading: "読み込んでいます…",
    promise: "入力内容は保存されています。このページを再読み込みする必要はありません。",
    noReports: "レポートはまだありません。",
    asOf: "最終更新",
    drawing: "図面：{name}",
    sending: "送信しています…",
    saved: "保存しました。",
    kept: "このブラウザーに保存しました。後ほど自動的に送信されます。",
    keptWithPage: "このブラウザーには保存できません。送信されるまでこのページを開いたままにするか、内容をコピーしてください。",
    waits: "このブラウザーに保存済みです。まだ送信されていません。",
    refused: "受け付けられませんでした：",
    edit: "編集",
    discard: "破棄",
    discardQuestion: "「{title}」を破棄しますか？まだ送信されていません。",
    notSent: "レポートはまだ送信されていません。",
    waitsForLogin: "このブラウザーに保存されているレポート：{count}件。作成者がログインすると送信されます。",
    notLoggedIn: "ログインできませんでした。サービスの再開後にもう一度ログインしてください。",
    wrongPassword: "ユーザー名またはパスワードが正しくありません。",
    tooMany: "試行回数が多すぎます。数分待ってからもう一度お試しください。",
    unreachable: "サービスに接続できません。",
    failed: "サービスに問題が発生しています。",
    comeBack: "しばらくしてからもう一度お試しください。",
    planned: "メンテナンスのお知らせ",
    dismiss: "閉じる",
  },
};

// language is the site's language: the first that the reader prefers and the site
// has.
export const language = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in texts) ?? "en";

// text returns one of the texts, with values in place of the names in braces.
export function text(name, values = {}) {
  return texts[language][name].replace(/\{(\w+)\}/g, (_, value) => values[value]);
}

// translate fills the texts into the page.
export function translate() {
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-text]")) {
    one.textContent = text(one.dataset.text);
  }
  for (const one of document.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", text(one.dataset.label));
  }
}

// screenWords returns the texts of the maintenance screen in the language tag of
// its message, and the language that they are in: English if there are none.
export function screenWords(tag) {
  const found = lookUp(tag) ?? lookUp(language) ?? "en";
  return { ...screen[found], language: found };
}

function lookUp(tag) {
  const wanted = locale(tag);
  if (!wanted) {
    return null;
  }
  return [`${wanted.language}-${wanted.script}`, `${wanted.language}-${wanted.region}`, wanted.language].find((one) => one in screen);
}

function locale(tag) {
  try {
    return new Intl.Locale(tag).maximize();
  } catch {
    return null;
  }
}

// choose returns the tag of texts, by language tag, that suits the reader best.
export function choose(texts) {
  const wanted = [...navigator.languages, language, "en"].flatMap((tag) => {
    const { language, script } = locale(tag) ?? {};
    return [tag, `${language}-${script}`, language];
  });
  return wanted.find((tag) => tag in texts) ?? Object.keys(texts)[0];
}

// direction returns the direction of the script in which a language is written.
export function direction(tag) {
  const rightToLeft = ["Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"];
  return rightToLeft.includes(locale(tag)?.script) ? "rtl" : "ltr";
}
