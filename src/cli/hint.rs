//! What to do next about a refusal, in terms of this command line.

use crate::cli::exit::Exit;
use crate::cli::language::pick;
use crate::domain::text::Language;

macro_rules! steps {
    ($($reason:literal => $ja:literal, $en:literal;)*) => {
        /// Advice for a stable reason.
        fn for_reason(reason: &str) -> Option<(&'static str, &'static str)> {
            match reason { $($reason => Some(($ja, $en)),)* _ => None }
        }
    };
}

steps! {
    "FIELD_REQUIRED" => "この項目を指定してください", "give this argument";
    "CODE_INVALID" => "文字・数字と / - . _ ( ) ・ ー だけを120文字以内で使ってください",
        "use letters, digits and / - . _ ( ) ・ ー, at most 120 characters";
    "TEXT_TOO_LONG" => "短くしてください", "shorten it";
    "VALUE_NOT_NUMERIC" => "1200、-3、1.5 のような数だけを入力してください",
        "enter a plain number such as 1200, -3 or 1.5";
    "VALUE_OUT_OF_DOMAIN" => "単位と定義は daicho goal history 指標 で確認できます",
        "see unit and definition with: daicho goal history INDICATOR";
    "RATIO_PARTS_REQUIRED" => "5430/9980 のように分子/分母で入力してください",
        "enter numerator/denominator, such as 5430/9980";
    "DENOMINATOR_ZERO" => "対象がない場合は --nil no-demand で報告してください",
        "if there was nothing to divide by, report --nil no-demand";
    "UNIT_MISMATCH" => "指標の単位に換算するか、--unit を省いてください",
        "convert the value to the indicator's unit, or leave --unit out";
    "ENTRY_KIND_MISMATCH" => "値だけを入力すると指標に合った形で送られます",
        "type the bare value: its form is chosen from the indicator";
    "DATE_INVALID" => "2023-09-30、令和5年9月30日、R5.9.30 などで入力してください",
        "write 2023-09-30, 2023/9/30, 令和5年9月30日 or R5.9.30";
    "DATE_TOO_EARLY" => "始まりの日と終わりの日を見直してください", "look at the first day and the last one again";
    "DATE_IN_FUTURE" => "済んだ事実だけを報告できます", "only what has happened can be reported";
    "DATE_OUTSIDE_CYCLE" => "計画の年度内の日付にしてください", "choose a date within the plan's cycle";
    "AS_OF_SIZE_IN_FUTURE" => "件数は daicho ledger show で確認できます", "see how many events there are with: daicho ledger show";
    "AS_OF_TIME_IN_FUTURE" => "--known-at を省くと現在までになります", "leave --known-at out for now";
    "AS_OF_DATE_IN_FUTURE" => "--known-at を省くと現在までになります", "leave --known-at out for now";
    "AS_OF_EFFECTIVE_ON_IN_FUTURE" => "--on は記録時点の日までにしてください",
        "choose a day for --on up to that of --known-at";
    "REASON_REQUIRED" => "--reason 理由 を付けてください", "say why with --reason TEXT";
    "REASON_TOO_SHORT" => "何をもってその段階とするか、--reason に書いてください",
        "say with --reason what the level rests on";
    "EVIDENCE_REQUIRED" => "--evidence ファイル で根拠資料を付けてください",
        "attach a file with --evidence FILE";
    "EVIDENCE_TOO_LARGE" => "小さくするか、別に保管してください（大きさの上限は管理者が evidence_file_mib で設定します）",
        "make it smaller, or keep it elsewhere; the operator sets the limit with evidence_file_mib";
    "EVIDENCE_TYPE_UNKNOWN" => "PDFにするか、管理者に evidence_media_types への追加を頼んでください。種類は --media-type で指定できます",
        "make a PDF of it, or ask the operator to add the type to evidence_media_types; --media-type names another";
    "EVIDENCE_TYPE_DIFFERS" => "ファイルが正しいか確かめ、種類を --media-type で指定してください",
        "look whether it is the right file, and name its kind with --media-type";
    "EVIDENCE_DIFFERS" => "ファイルが書き換えられた可能性があります。もう一度実行してください",
        "the file may have been changed meanwhile; run it again";
    "EVIDENCE_UNKNOWN" => "一覧: daicho evidence list", "see: daicho evidence list";
    "EVIDENCE_ERASED" => "消去の記録: daicho evidence list", "see when and why with: daicho evidence list";
    "PERSON_UNKNOWN" => "一覧: daicho person list", "see: daicho person list";
    "GRANT_UNKNOWN" => "一覧: daicho grants list --all", "see: daicho grants list --all";
    "DELEGATION_UNKNOWN" => "一覧: daicho grants list --all", "see: daicho grants list --all";
    "LOGIN_TAKEN" => "誰のものかは daicho person list で分かります", "see whose it is with: daicho person list";
    "GRANT_EXISTS" => "発令の一覧: daicho grants list --all", "see the grants with: daicho grants list --all";
    "GRANT_ENDED" => "発令の一覧: daicho grants list --all", "see the grants with: daicho grants list --all";
    "SEAT_DIFFERS" => "いまの発令: daicho grants show 職", "see how it is granted with: daicho grants show SEAT";
    "SEATS_INCOMPATIBLE" => "先に今の職を解除するか、別の人に発令してください",
        "revoke the other seat first, or grant it to somebody else";
    "SEAT_NOT_HELD" => "就任者: daicho grants show 職", "see who holds it with: daicho grants show SEAT";
    "DELEGATION_TOO_LONG" => "期間を分けるか、兼務で発令してください", "shorten it, or grant the seat instead";
    "EVIDENCE_ALTERED" => "サーバーの管理者に知らせてください。ほかの改変は daicho evidence check で分かります",
        "tell the operator; look for others with: daicho evidence check";
    "EVIDENCE_UNNAMED_TOO_MANY" => "一覧の「未添付」のファイルを添付してください: daicho evidence list",
        "attach those that are unnamed: daicho evidence list";
    "EVIDENCE_UNAVAILABLE" => "サーバーの管理者に知らせてください", "tell the operator";
    "TARGET_MISMATCH" => "現在の目標は daicho goal history 指標 で確認できます",
        "see the target in force with: daicho goal history INDICATOR";
    "LEDGER_AMBIGUOUS" => "--ledger で台帳を指定してください（一覧: daicho ledger list）",
        "name one with --ledger (see: daicho ledger list)";
    "PAGE_TOKEN_INVALID" => "最初からやり直してください", "begin again";

    "LEDGER_UNKNOWN" => "一覧: daicho ledger list", "see: daicho ledger list";
    "PLAN_UNKNOWN" => "計画の取込: daicho plan import ファイル", "import one with: daicho plan import FILE";
    "UNIT_UNKNOWN" => "組織の一覧: daicho org show", "see the units with: daicho org show";
    "GOAL_UNKNOWN" => "組織目標の一覧: daicho goal list", "see: daicho goal list";
    "INITIATIVE_UNKNOWN" => "取組内容は daicho goal show 目標 で確認できます", "see: daicho goal show GOAL";
    "INDICATOR_UNKNOWN" => "指標は daicho goal show 目標 で確認できます。言葉から探すには daicho goal list --find 言葉",
        "see: daicho goal show GOAL; look for words with: daicho goal list --find WORDS";
    "PILLAR_UNKNOWN" => "柱の一覧: daicho plan show", "see: daicho plan show";
    "MEMBER_NOT_IN_SET" => "対象は daicho goal history 指標 で確認できます",
        "see the members with: daicho goal history INDICATOR";
    "PART_UNKNOWN" => "--part で内訳を指定してください", "name a part with --part";
    "CHECKPOINT_UNKNOWN" => "工程は daicho goal history 指標 で確認できます",
        "see the checkpoints with: daicho goal history INDICATOR";
    "KEY_UNKNOWN" => "署名鍵の一覧: daicho key list", "see: daicho key list";
    "KEY_LAST" => "新しい鍵の公表: daicho key announce", "announce one with: daicho key announce";
    "KEY_ENDED" => "署名鍵の一覧: daicho key list", "see: daicho key list";
    "KEYS_TOO_MANY" => "古い鍵の廃止: daicho key retire 番号", "retire one with: daicho key retire KEY";
    "CHECKPOINT_NOT_KEPT" => "保管されている先端証明は daicho checkpoint list で確認できます",
        "see those that are kept with: daicho checkpoint list";
    "WITNESS_UNKNOWN" => "立会人の公開鍵（daicho witness key）を、サーバーの設定 witnesses に加えてください",
        "add the witness's key (daicho witness key) to the setting `witnesses` of the server";
    "COSIGNATURE_FALSE" => "どの件数の先端証明への連署か、--size を確認してください",
        "look which checkpoint was cosigned, and at --size";
    "ENTRY_UNKNOWN" => "実績は daicho goal history 指標 で確認できます",
        "see the entries with: daicho goal history INDICATOR";
    "TARGET_UNKNOWN" => "目標は daicho goal history 指標 で確認できます",
        "see the targets with: daicho goal history INDICATOR";
    "CODE_UNKNOWN" => "目標は daicho goal list --find 言葉、部・課等は daicho org show で探せます",
        "look for goals with: daicho goal list --find WORDS; for units with: daicho org show";
    "EVENT_UNKNOWN" => "イベントのID・位置と台帳を確認してください", "check the id or position of the event, and the ledger";
    "REFERENCE_UNKNOWN" => "先に記録されたイベントのIDを指定してください", "name an event that was recorded before";
    "REQUEST_UNKNOWN" => "記録されていません。同じ操作をもう一度行えます", "it was not recorded; send it again";

    "CODE_TAKEN" => "別のコードにしてください", "choose another code";
    "CYCLE_TAKEN" => "その年度の計画は daicho plan show で確認できます", "see that cycle's plan with: daicho plan show";
    "TARGET_EXISTS" => "daicho target revise で変更してください", "change it with: daicho target revise";
    "OBSERVATION_EXISTS" => "daicho correct 指標@日付 値 --reason … で訂正してください",
        "correct it with: daicho correct INDICATOR@DATE VALUE --reason …";
    "IDEMPOTENCY_CONFLICT" => "別の事実なら --request-id を付けずにやり直してください",
        "if it is another fact, run it again without --request-id";
    "UNAUTHENTICATED" => "daicho login --token-file ファイル でサインインするか、--tokens フォルダー --as 名前、サービスなら --client-certificate と --client-key を指定してください",
        "sign in with: daicho login --token-file FILE; or give --tokens DIR --as NAME; a service gives --client-certificate and --client-key";
    "ACTOR_MISMATCH" => "--as（環境変数 DAICHO_ACTOR）を外すか、その人としてサインインしてください",
        "leave --as (the variable DAICHO_ACTOR) out, or sign in as that one";
    "ACTOR_DIFFERS" => "記録した本人の名前（--as）でやり直すか、--request-id を外してください",
        "repeat it as the person who recorded it (--as), or leave --request-id out";

    "GOAL_CANCELLED" => "中止前の実績の訂正だけができます", "only what was before can be corrected";
    "INITIATIVE_CANCELLED" => "中止前の実績の訂正だけができます", "only what was before can be corrected";
    "INDICATOR_CANCELLED" => "中止前の実績の訂正だけができます", "only what was before can be corrected";
    "GOAL_SUSPENDED" => "再開されるまで報告できません", "it must be resumed first";
    "GOAL_CARRIED_OVER" => "繰越先の計画で報告してください", "report it in the plan it goes on in";
    "ALREADY_SUPERSEDED" => "最新の訂正を対象にしてください: daicho goal history 指標",
        "correct the newest of the chain; see: daicho goal history INDICATOR";
    "TARGET_SUPERSEDED" => "もう一度見てから変更してください: daicho goal history 指標",
        "look again before you revise: daicho goal history INDICATOR";
    "TARGET_UNCHANGED" => "変更する必要はありません", "there is nothing to change";
    "CYCLE_ENDED" => "翌年度の計画で扱ってください", "take it up in the next year's plan";
    "MILESTONE_BACKWARD" => "報告が誤りなら daicho correct で訂正してください",
        "if the report was wrong, use: daicho correct";
    "NOT_DEMAND_DRIVEN" => "この指標に需要は記録できません", "this indicator records no demand";
    "TOTAL_TOO_LARGE" => "値を確認してください", "check the value";

    "PROPOSAL_UNKNOWN" => "起案の一覧: daicho pending --ended", "see: daicho pending --ended";
    "PROPOSAL_NOT_OPEN" => "経過: daicho pending 起案番号", "see what became of it with: daicho pending PROPOSAL";
    "PROPOSAL_OPEN" => "内容: daicho pending 起案番号。決裁を待つか、起案者が daicho withdraw で取り下げてください",
        "see: daicho pending PROPOSAL; wait for it, or let its drafter take it back with: daicho withdraw";
    "OPERATION_AUTHORISED" => "--propose を付けずに実行してください", "run it without --propose";
    "PROPOSAL_OVERDUE" => "改めて起案してください", "propose it anew";
    "PROPOSAL_KIND_CHANGED" => "daicho decide return 起案番号 で差し戻し、改めて起案してください",
        "return it with: daicho decide return PROPOSAL; then propose it anew";
    "PROPOSAL_HASH_MISMATCH" => "もう一度 daicho pending 起案番号 で内容を確かめてから決裁してください",
        "look at it again with: daicho pending PROPOSAL";
    "CONSULTATION_MISSING" => "合議: daicho consult 起案番号 --consent", "they answer with: daicho consult PROPOSAL --consent";
    "NO_AUTHORITY" => "就いている職: daicho whoami。代決なら --acting で指定してください",
        "see your seats with: daicho whoami; name a delegation with --acting";
    "SELF_APPROVAL" => "だれが決裁できるか: daicho pending 起案番号", "see who decides with: daicho pending PROPOSAL";
    "PERIOD_SOFT_CLOSED" => "--reason に遅れた理由を付けてください", "say why it is late with --reason";
    "PERIOD_CLOSED" => "登録済みの値は daicho correct で訂正し、報告漏れは期間の再開を求めてください",
        "correct what is there with: daicho correct; or ask whoever closed the period to reopen it";
    "PERIOD_UNKNOWN" => "期間の一覧: daicho plan periods 計画", "see: daicho plan periods PLAN";
    "PERIOD_EXISTS" => "期間の一覧: daicho plan periods 計画", "see: daicho plan periods PLAN";
    "SNAPSHOT_UNKNOWN" => "凍結の一覧: daicho plan snapshots 計画", "see: daicho plan snapshots PLAN";
    "POLICY_UNKNOWN" => "算定方針と評価基準の一覧: daicho policy list", "see: daicho policy list";
    "RESTATEMENT_EMPTY" => "公表し直すものはありません: daicho plan restatements 計画 期間",
        "nothing has to be published anew; see: daicho plan restatements PLAN PERIOD";
    "EVALUATION_FINAL" => "変えるには期間の再開を求めてください", "ask whoever closed the period to reopen it";

    "STREAM_VERSION_CONFLICT" => "もう一度見てからやり直してください", "look again, then decide anew";
    "EXPECTED_VALUE_DIFFERS" => "他の人が先に変更しました。もう一度見てからやり直してください",
        "somebody changed it first; look again, then decide anew";

    "ACTOR_MISSING" => "--as 名前 か DAICHO_ACTOR で名乗ってください", "name yourself with --as NAME or DAICHO_ACTOR";
    "ACTOR_INVALID" => "名前は1行200文字以内です", "a name is 1 to 200 characters on one line";
    "PERMISSION_DENIED" => "権限を管理者に確認してください", "ask who grants it";

    "POSITION_OUT_OF_RANGE" => "台帳の大きさは daicho ledger list で確認できます", "see the ledger's size with: daicho ledger list";
    "OVERLOADED" => "少し待ってからやり直してください", "wait a little, then try again";
    "DEADLINE_PASSED" => "--timeout で時間を延ばしてやり直してください", "try again with more time: --timeout SECONDS";
    "OUTCOME_UNKNOWN" => "同じ --request-id でやり直せば二重に記録されません", "repeat it with the same --request-id; nothing is recorded twice";
    "READ_ONLY" => "サーバーの管理者に知らせてください（再起動が必要です）", "tell the operator: only a restart goes on";
    "CLOCK_UNTRUSTED" => "サーバーの管理者に知らせてください（時計の確認が必要です）", "tell the operator to look at the clock";
    "STORAGE_LOW" => "サーバーの管理者に知らせてください（ディスクの空きが必要です）", "tell the operator to make room on the disk";
    "LOG_UNAVAILABLE" => "少し待ってからやり直してください", "wait a little, then try again";
    "DATA_DAMAGED" => "サーバーの管理者に知らせてください", "tell the operator";
}

/// What to do next about `reason`, where there is more to say than that it is refused.
pub fn advice(language: Language, reason: &str) -> Option<&'static str> {
    for_reason(reason).map(|(ja, en)| pick(language, ja, en))
}

/// What to do next about `reason`, or about any failure that ends with `exit`.
pub fn next_step(language: Language, reason: &str, exit: Exit) -> Option<&'static str> {
    advice(language, reason).or_else(|| for_exit(exit).map(|(ja, en)| pick(language, ja, en)))
}

fn for_exit(exit: Exit) -> Option<(&'static str, &'static str)> {
    match exit {
        Exit::Done => None,
        Exit::Refused => Some((
            "内容を直してやり直してください。何も記録されていません",
            "change the request and try again; nothing was recorded",
        )),
        Exit::Usage => Some(("使い方: daicho help", "see: daicho help")),
        Exit::NotFound => Some((
            "名前かコードを確認してください: daicho goal list",
            "check the name or code: daicho goal list",
        )),
        Exit::Conflict => Some((
            "もう一度見てからやり直してください",
            "look again, then decide anew",
        )),
        Exit::Unavailable => Some((
            "少し待ってからやり直してください",
            "wait a little, then try again",
        )),
        Exit::OutcomeUnknown => for_reason("OUTCOME_UNKNOWN"),
        Exit::Fault => Some(("サーバーの管理者に知らせてください", "tell the operator")),
        Exit::Address => Some((
            "--listen で別のアドレスを指定してください",
            "choose another address with --listen",
        )),
        Exit::FolderInUse => Some((
            "動いているサーバーを使うか、先に止めてください",
            "use the server that runs, or stop it first",
        )),
        Exit::FolderForeign => Some((
            "このフォルダを書いた版で開いてください",
            "open the folder with the version that wrote it",
        )),
        Exit::Damaged => Some((
            "何も上書きしていません。integrity.log と evidence を確認してください。復元で失われたものがあるときは docs/keys.md",
            "nothing was overwritten: look at integrity.log and evidence; after a restore that lost events, at docs/keys.md",
        )),
        Exit::KeysClosed => Some((
            "key_identity か key_passphrase_file を確認してください（docs/keys.md）",
            "look at key_identity or key_passphrase_file (docs/keys.md)",
        )),
        Exit::Incomplete => Some((
            "ほかの控えがあれば、それも加えてやり直してください（docs/storage.md）",
            "if there is another copy, do it again with that too (docs/storage.md)",
        )),
        Exit::StorageFailed => Some((
            "ディスクを確認してから、もう一度起動してください",
            "look at the disk, then start it again",
        )),
    }
}

/// The argument of this command line that fills the field at `path` of a request.
pub fn argument(path: &str) -> Option<&'static str> {
    let (_, path) = path.split_once("].").unwrap_or(("", path));
    if let Some((payload, rest)) = path.split_once('.') {
        if rest.starts_with("measurement") {
            return match rest.rsplit('.').next() {
                Some("member") if rest != "measurement.member" => Some("--member"),
                Some("checkpoint") => Some("--checkpoint"),
                _ => Some("VALUE"),
            };
        }
        if rest.starts_with("target") {
            return Some("VALUE");
        }
        return match (payload, rest) {
            ("reason", _) => Some("--reason"),
            (_, "part") => Some("--part"),
            (_, "unit_code") => Some("--unit"),
            ("as_of", "effective_on") => Some("--on"),
            ("as_of", _) => Some("--known-at"),
            (_, "indicator") => Some("INDICATOR"),
            (_, "corrects" | "retracts") => Some("ENTRY"),
            _ => None,
        };
    }
    match path {
        "valid_from" => Some("--on"),
        "valid_to" => Some("--until"),
        "reason" => Some("--reason"),
        "evidence" => Some("--evidence"),
        "file.media_type" => Some("--media-type"),
        "file.sha256" | "file.size_bytes" => Some("FILE"),
        "sha256" => Some("SHA256"),
        "legal_basis" => Some("--legal-basis"),
        "approved_by" => Some("--approved-by"),
        "size" => Some("--size"),
        "indicator" => Some("INDICATOR"),
        "goal" => Some("GOAL"),
        "plan" => Some("PLAN"),
        "department" => Some("--department"),
        "section" => Some("--section"),
        "pillar" => Some("--pillar"),
        "find" => Some("--find"),
        "ledger" => Some("--ledger"),
        "code" => Some("CODE"),
        "from_position" => Some("--from"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::ErrorReason;

    #[test]
    fn every_failure_comes_with_a_next_step() {
        for (exit, _) in Exit::ALL
            .into_iter()
            .filter(|(exit, _)| *exit != Exit::Done)
        {
            assert!(next_step(Language::Ja, "", exit).is_some(), "{exit:?}");
        }
    }

    #[test]
    fn advice_is_only_given_for_reasons_that_exist() {
        let source = include_str!("hint.rs");
        let named = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => \""))
            .map(|(reason, _)| reason);
        let mut seen = 0;
        for reason in named {
            let name = format!("ERROR_REASON_{reason}");
            assert!(ErrorReason::from_str_name(&name).is_some(), "{reason}");
            seen += 1;
        }
        assert!(50 < seen, "{seen}");
    }

    #[test]
    fn a_path_is_told_by_its_argument() {
        assert_eq!(
            argument("events[0].actual_recorded.measurement.increment"),
            Some("VALUE")
        );
        assert_eq!(argument("events[0].valid_from"), Some("--on"));
        assert_eq!(argument("events[0].reason.text"), Some("--reason"));
        assert_eq!(argument("events[0].actual_recorded.part"), Some("--part"));
        assert_eq!(
            argument("events[0].actual_recorded.measurement.member.member"),
            Some("--member")
        );
        assert_eq!(argument("department"), Some("--department"));
        assert_eq!(argument("events[3].goal_set.title"), None);
    }
}
