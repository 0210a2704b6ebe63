#!/usr/bin/env bash
# An anyjob executor in bash: JSON lines on standard input and output, as the page core/docs/protocol.md describes them.
# Needs bash 4.4, jq, and flock and setsid of util-linux.
#
# A run is a folder:
#   job.sh ticket     written by `start`. Who takes the ticket decides what becomes of the run: its runner, or `find`
#   alive             locked by the runner as long as it lives: the kernel gives the lock back, so nobody guesses
#   claimed           the ticket, once the runner has it
#   pid               process and start time of the command, which leads a session of its own
#   log exit          what the command wrote, and its exit code
#   secrets           a file for each, until the command is over
#   asked             a stop was asked for
set -u
export LC_ALL=C
umask 077
here=${BASH_SOURCE[0]}
piece=524288 # bytes of log in one message

start_time() { # PID: when it was started, in ticks since boot
  local stat
  read -r stat <"/proc/$1/stat" && set -- ${stat##*) } && echo "${20}"
}

# ------------------------------------------------------------------ the runner: it outlives executor and worker

run() { # FOLDER
  local script shell code
  exec 9>"$1/alive"
  flock -n 9 && mv "$1/ticket" "$1/claimed" || exit
  echo claimed
  exec >/dev/null
  . "$1/job.sh" # sets shell and script, exports the environment
  export ANYJOB_RESULT=$1/result ANYJOB_SECRETS=$1/secrets
  cd "${HOME:-/}" || cd /
  umask 022
  setsid "$shell" -c "$script" </dev/null >"$1/log" 2>&1 9>&- &
  echo "$! $(start_time $!)" >"$1/pid.new"
  mv "$1/pid.new" "$1/pid"
  if [ -e "$1/asked" ]; then kill -KILL -- "-$!" || kill -KILL $!; fi 2>/dev/null
  wait $!
  code=$?
  kill -KILL -- "-$!" 2>/dev/null # what it left behind in its group
  rm -rf "$1/secrets"
  echo "$code" >"$1/exit.new"
  mv "$1/exit.new" "$1/exit"
}

if [ "${1-}" = --run ]; then
  run "$2" 2>/dev/null
  exit
fi

# ------------------------------------------------------------------ what it says

say() { # LINE: whole, also beside the lines of followers
  { [ -z "$folder" ] || flock 8; printf '%s\n' "$1" >&3; } 8>"$lock"
}

answer() { # ID [FIELDS]
  say "{\"type\":\"ok\",\"re\":$1${2:+,$2}}"
}

refuse() { # ID MESSAGE
  say "{\"type\":\"error\",\"re\":$1,\"message\":\"$2\"}"
}

# ------------------------------------------------------------------ following a run to its end

feed() { # RUN: what its log, file 7, has beyond $cursor
  local data size=1
  while data=$(head -c "$piece" <&7 | base64 -w0) && [ "$data" ]; do
    size=$((${#data} / 4 * 3))
    case $data in *==) size=$((size - 2)) ;; *=) size=$((size - 1)) ;; esac
    cursor=$((cursor + size)) pause=0.1
    say "{\"type\":\"log\",\"run\":\"$1\",\"source\":\"log\",\"cursor\":\"$cursor\",\"base64\":\"$data\"}"
  done
}

follow() { # RUN FOLDER CURSOR
  local cursor=$3 pause=0.1 over='' outcome='' code='' line='' cause=succeeded evidence='' outputs='{}'
  until [ "$over" ]; do
    if flock -s -w "$pause" "$2/alive" true; then over=1; else pause=0.5; fi
    if [ -e "$2/log" ] && ! [ -e /dev/fd/7 ]; then exec 7<"$2/log"; head -c "$cursor" <&7 >/dev/null; fi
    if [ -e /dev/fd/7 ]; then feed "$1"; fi
  done
  if read -r code 2>/dev/null <"$2/exit"; then
    if [ -s "$2/result" ]; then outputs=$(jq -c 'objects' "$2/result" 2>/dev/null); fi
    line=$(tail -c 65536 "$2/log" | tr -d '\0' | grep -av '^[[:space:]]*$' | tail -n 1)
    case $line in
      *[!\ -~]* | *[\"\\]*) line=$(jq -Rs . < <(printf %s "$line")) ;;
      *) line="\"$line\"" ;; # jq takes a while to start
    esac
    if [ "$code" != 0 ]; then cause=exit_code; fi
    # A shell cannot tell an exit code above 128 from a signal, and says so.
    if [ "$code" -gt 128 ]; then evidence="{\"source\":\"bash\",\"text\":\"$code may stand for a signal\"}"; fi
    outcome="{\"cause\":\"$cause\",\"code\":$code,\"result\":$line,\"outputs\":${outputs:-"{}"},\"evidence\":[$evidence]}"
  else
    outcome='{"cause":"unknown","evidence":[{"source":"runner","text":"it ended before it could note an exit code"}]}'
  fi
  say "{\"type\":\"result\",\"run\":\"$1\",\"outcome\":$outcome}"
}

# ------------------------------------------------------------------ the requests

start() { # ID RUN SECRETS JOB
  local dir=$folder/$2 word=
  if ! { mkdir "$dir" "$dir/secrets" && base64 -d <<<"$4" >"$dir/job.sh" && : >"$dir/alive"; }; then
    refuse "$1" "the run's folder cannot be written"
    return
  fi
  for word in $3; do base64 -d <<<"${word#*:}" >"$dir/secrets/${word%%:*}"; done
  : >"$dir/ticket"
  # No handle before the runner has the run.
  read -r word < <(exec setsid bash "$here" --run "$dir" </dev/null 2>/dev/null 3>&-)
  if [ "$word" = claimed ]; then
    answer "$1" "\"handle\":{\"run\":\"$2\"}"
    follow "$2" "$dir" 0 &
  else
    rm -rf "$dir"
    refuse "$1" "the runner could not be started"
  fi
}

find_run() { # ID RUN
  # Who takes the ticket decides: a runner that comes later finds none, and ends.
  if [ ! -d "$folder/$2" ] || mv "$folder/$2/ticket" "$folder/$2/void" 2>/dev/null || [ ! -e "$folder/$2/claimed" ]; then
    rm -rf "${folder:?}/$2"
    answer "$1" '"never":true'
  else
    answer "$1" "\"handle\":{\"run\":\"$2\"}"
  fi
}

watch() { # ID RUN CURSOR
  if [ -e "$folder/$2/claimed" ]; then
    answer "$1"
    follow "$2" "$folder/$2" "$3" &
  else
    refuse "$1" "nothing is kept of this run"
  fi
}

stop() { # ID RUN STAGE
  local dir=$folder/$2 pid began strength=ASKED by="a signal to the session" signal=TERM
  [ "$3" = FORCE ] && signal=KILL
  if [ -d "$dir" ]; then : >"$dir/asked"; fi
  if [ ! -d "$dir" ] || [ -e "$dir/exit" ]; then
    strength=REPORTED by="the runner noted an exit code"
  elif read -r pid began 2>/dev/null <"$dir/pid" && [ "${began:-none}" = "$(start_time "$pid" 2>/dev/null)" ]; then
    kill "-$signal" -- "-$pid" 2>/dev/null || kill "-$signal" "$pid" 2>/dev/null
  fi
  answer "$1" "\"stop\":{\"strength\":\"$strength\",\"by\":\"$by\",\"evidence\":[],\"survivors\":[]}"
}

preflight() { # ID SHELL
  local problems='[]'
  command -v -- "$2" >/dev/null || problems=$(jq -nc --arg shell "$2" \
    '[{field: "XAttrs.shell", value: $shell, remedy: "is no command here; install it, or name another"}]')
  answer "$1" "\"problems\":$problems"
}

# ------------------------------------------------------------------ the conversation

exec 3>&1 >&2 # only `say` writes to the protocol
command -v jq >/dev/null || { echo "jq is not installed"; exit 1; }
folder='' lock=/dev/null
say '{"type":"hello","protocols":[1],"role":"executor","software":"anyjob-bash 0.1"}'
IFS= read -r welcome || exit
case $(jq -r .type <<<"$welcome") in
  welcome) folder=$(jq -r '.folder // ""' <<<"$welcome") ;; # none where only health is asked for
  *) echo "not welcome: $welcome"; exit 1 ;;
esac
if [ "$folder" ]; then lock=$folder/.say.$$; fi
# Its input ends: the worker is gone or lets go. The followers end, the runs go on.
trap '[ -z "$folder" ] || rm -f "$lock"; trap "" TERM; kill -TERM 0' EXIT

# One jq reads all that comes: starting one takes longer than most jobs.
exec < <(jq --unbuffered -r '.type, .id // "", .run // "",
  (if .type == "start" then [.secrets | to_entries[] | "\(.key):\(.value | @base64)"] | join(" ")
   elif .type == "watch" then .cursors.log // 0
   else .stage // .spec.shell // "" end | tostring | split("\n")[0] // ""),
  if .type == "start" then
    [(.spec | to_entries[] | "\(.key)=\(.value | @sh)"),
     (.facts.environment | to_entries[] | "export \(.key)=\(.value | @sh)")] | join("\n") | @base64
  else "" end')
while IFS= read -r type && IFS= read -r id && IFS= read -r run && IFS= read -r word && IFS= read -r job; do
  case $type in
    start) start "$id" "$run" "$word" "$job" ;;
    watch) watch "$id" "$run" "$word" ;;
    stop) stop "$id" "$run" "$word" ;;
    find) find_run "$id" "$run" ;;
    clean) rm -rf "${folder:?}/${run:?}"; answer "$id" ;;
    preflight) preflight "$id" "$word" ;;
    health) answer "$id" '"state":"healthy"' ;;
    ping) answer "$id" ;;
    *) [ -z "$id" ] || say "{\"type\":\"unsupported\",\"re\":$id}" ;;
  esac
done
