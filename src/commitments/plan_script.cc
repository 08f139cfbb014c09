// The purchases of a plan as a shell script for the command lines of AWS, Azure and Google Cloud.
#include <utility>

#include "base/text.h"
#include "commitments/plan_commands.h"
#include "commitments/plan_report.h"

namespace steelyard {
namespace {

/// One line of a comment: no line end of the data begins a command.
std::string comment(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return "  # " + text + "\n";
}

std::string title_of(const Estate& estate, const PlannedPurchase& purchase) {
  const Offer& offer = estate.card.offers[purchase.holding.offer];
  std::string what = purchase.holding.id + ": " + offer.name;
  for (const auto& [column, value] : purchase.holding.scope) what += " " + column + "=" + value;
  if (!purchase.size.empty()) what += " " + purchase.size;
  return what + ", " + to_text(purchase.holding.amount) +
         (offer.unit() == CommitmentUnit::kSpend ? " " + estate.card.currency + " an hour" : "") +
         exchange_text(purchase);
}

std::string lines_of(const Estate& estate, const Plan& plan, const PlannedPurchase& purchase) {
  std::string out = "\n" + comment(title_of(estate, purchase));
  if (purchase.step > 0)
    return out + comment("expected on " + format_date(date_of(purchase.holding.begin)) +
                         ": plan again before you buy it");
  const Commands commands = commands_of(estate, plan, purchase);
  if (!commands.reason.empty()) return out + comment("not bought here: " + commands.reason);
  out += "  if wanted " + shell_word(purchase.holding.id);
  // Azure asks which subscription pays.
  if (commands.buy.find("$billing_scope") != std::string::npos) out += " && payer";
  const bool in_part = !commands.reservation.empty();
  if (in_part) out += " && holds " + commands.reservation;
  if (!commands.look_up.empty()) out += " && look_up " + commands.look_up;
  if (!commands.quote.empty()) out += " && quote " + commands.quote;
  out += "; then\n";
  if (in_part)
    out += "    split " + commands.reservation + " " + commands.part +
           "\n    if [ \"$pass\" = buy ]; then quote " + commands.quote + "; fi\n";
  return out + "    run " + commands.buy + "\n  fi\n";
}

constexpr const char* kHead = R"sh(set -euo pipefail
export AWS_PAGER= # answers are printed, not paged
billing_scope=${AZURE_BILLING_SCOPE:-}
buying=no
if [ "${1:-}" = --buy ]; then
  buying=yes
  shift
fi
case "${1:-}" in
  -*)
    echo "usage: $0 [--buy] [PURCHASE...]" >&2
    exit 2
    ;;
esac
chosen=" $* "
named=$#
seen=0
missing=0
purchase=
bought=
left=
wanted() {
  if [ "$named" -gt 0 ] && [[ "$chosen" != *" $1 "* ]]; then return 1; fi
  seen=$((seen + 1))
  purchase=$1
  whole=
  if [ "$pass" = look ]; then left+=" $1"; fi
}
# Says why the purchase cannot be made, with the command that told.
cannot() {
  printf '%s:' "$1" >&2
  shift
  if [ "$1" = pages ]; then shift; fi
  printf ' %q' "$@" >&2
  printf '\n' >&2
  missing=$((missing + 1))
  if [ "$pass" = buy ]; then stop; fi
}
stop() {
  echo "purchase $purchase failed; bought:${bought:- none}; left: --buy$left" >&2
  exit 1
}
# Sets `offering` to the one that the command lists.
look_up() {
  local listed ids
  if ! listed=$("$@"); then
    cannot failed "$@"
    return 1
  fi
  read -ra ids <<< "$(tr '[]",\n' ' ' <<< "$listed")"
  if [ "${#ids[@]}" -eq 0 ] || [ "${ids[0]}" = null ]; then
    cannot 'found nothing' "$@"
    return 1
  fi
  if [ "${#ids[@]}" -gt 1 ]; then
    cannot "found ${#ids[@]}, ${ids[*]}, and cannot choose" "$@"
    return 1
  fi
  offering=${ids[0]}
}
# Lists page by page what the command shows as the next page's token, a tab, and ids.
pages() {
  local answer token=
  while [ "$token" != None ]; do
    answer=$("$@" ${token:+--next-token "$token"}) || return
    token=${answer%%$'\t'*}
    echo "${answer#*$'\t'}"
  done
}
# Whether an exchange is taken, and what it costs at once.
quote() {
  local answer valid due why
  if ! answer=$("$@"); then
    cannot failed "$@"
    return 1
  fi
  IFS=$'\t' read -r valid due why <<< "$answer"
  if [ "$valid" != True ]; then
    cannot "not exchanged, $why" "$@"
    return 1
  fi
  echo "due for the exchange$whole: $due"
}
# Sets `billing_scope` to the subscription that pays.
payer() {
  local id
  if [ -n "$billing_scope" ]; then return; fi
  if ! id=$(az account show --query id --output tsv); then
    cannot failed az account show
    return 1
  fi
  billing_scope=/subscriptions/$id
}
say() {
  if [ "$pass" = buy ]; then printf 'runs:'; else printf 'would run:'; fi
  printf ' %q' "$@"
  printf '\n'
}
run() {
  say "$@"
  if [ "$pass" = buy ]; then
    "$@" || stop
    bought+=" $purchase"
    left=${left#" $purchase"}
  fi
}
)sh";

/// For exchanges of a part: the reservation is split first, which AWS does while one waits.
constexpr const char* kSplit = R"sh(
reserved=() units=() region=() place=() shown=() asked=()
# Whether a reservation is as the plan has it, asked once; sets `given_up` to it, for the quote.
holds() {
  if [ -z "${asked[$1]:-}" ]; then
    local as_it_was="State=='active' && InstanceCount==\`${units[$1]}\`"
    look_up aws ec2 describe-reserved-instances --region "${region[$1]}" \
      --reserved-instances-ids "${reserved[$1]}" --output json --query \
      "ReservedInstances[?$as_it_was].ReservedInstancesId" || return 1
  fi
  asked[$1]=yes
  given_up=${reserved[$1]}
  whole=', of all units'
}
# Splits so many units off a reservation: sets `given_up` to their id; what is left has a new one.
split() {
  local id=${shown[$1]:-${reserved[$1]}} rest=$((units[$1] - $2)) modification state=processing
  given_up=$id
  whole=
  units[$1]=$rest
  if [ "$rest" -eq 0 ]; then return; fi
  local modify=(aws ec2 modify-reserved-instances --region "${region[$1]}"
    --reserved-instances-ids "$id" --target-configurations
    "InstanceCount=$2,${place[$1]}" "InstanceCount=$rest,${place[$1]}")
  say "${modify[@]}"
  if [ "$pass" != buy ]; then
    given_up=PART-OF-$id
    shown[$1]=REST-OF-$id
    return
  fi
  modification=$("${modify[@]}" --output text --query ReservedInstancesModificationId) || stop
  local look=(aws ec2 describe-reserved-instances-modifications --region "${region[$1]}"
    --reserved-instances-modification-ids "$modification" --output text --query)
  while [ "$state" = processing ]; do
    sleep 15
    state=$("${look[@]}" 'ReservedInstancesModifications[0].Status') || stop
  done
  if [ "$state" != fulfilled ]; then
    echo "the modification $modification ended as: $state" >&2
    stop
  fi
  local results='ReservedInstancesModifications[0].ModificationResults'
  given_up=$("${look[@]}" \
    "$results[?TargetConfiguration.InstanceCount==\`$2\`] | [0].ReservedInstancesId") || stop
  reserved[$1]=$("${look[@]}" \
    "$results[?ReservedInstancesId!='$given_up'] | [0].ReservedInstancesId") || stop
  echo "split: $given_up has $2, ${reserved[$1]} the other $rest; if this stops, plan again"
}
)sh";

constexpr const char* kTail = R"sh(
pass=look
purchases
if [ "$seen" -lt "$named" ]; then
  echo "nothing was bought: this script does not buy all of$chosen" >&2
  exit 1
fi
if [ "$seen" -eq 0 ]; then
  echo "nothing to buy: no purchase has a command here, its comment says why"
fi
if [ "$missing" -gt 0 ]; then
  echo "nothing was bought: $missing of the purchases cannot be made" >&2
  exit 1
fi
if [ "$buying" = yes ]; then
  pass=buy
  purchases
fi
)sh";

}  // namespace

std::string purchases_script(const Estate& estate, const Plan& plan) {
  std::string out =
      "#!/usr/bin/env bash\n"
      "# Buys the commitments of a plan of " +
      format_date(date_of(plan.at)) +
      ". As it is, it only looks them up and says what it would run.\n"
      "# --buy buys them, once all are found; --buy 2 3 buys those only. It stops at the first\n"
      "# purchase that fails and says which are left: name those when you run it again.\n";
  out += kHead;
  const std::string split = reservations(estate, plan);
  if (!split.empty()) out += kSplit;
  out += "purchases() {\n  :\n" + split;
  std::string sections;
  for (const auto& [provider, title] :
       {std::pair{Provider::kAws, "AWS"}, std::pair{Provider::kAzure, "Azure"},
        std::pair{Provider::kGcp, "Google Cloud"}, std::pair{Provider::kNone, "elsewhere"}}) {
    std::string section;
    for (const PlannedPurchase& purchase : plan.purchases)
      if (traits(estate.card.offers[purchase.holding.offer].instrument).provider == provider)
        section += lines_of(estate, plan, purchase);
    if (section.empty()) continue;
    sections += "\n" + comment(std::string("---- ") + title);
    sections += section;
  }
  return out + sections + "}\n" + kTail;
}

}  // namespace steelyard