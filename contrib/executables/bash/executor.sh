#!/usr/bin/env bash
# An anyjob executor in bash: JSON lines on standard input and output, as docs/protocol.md of anyjob describes them.
# Needs bash 4.4, jq, and flock of util-linux.
#
# A run is a folder of its own:
#   spec.json ticket  written by `start`; who takes the ticket decides what becomes of the run: its runner, or `find`
#   alive             locked by the runner as long as it lives: the kernel gives the lock back, so nobody guesses
#   claimed           the ticket, once the runner has it
#   pid               process and start time of the command, which leads a session of its own
#   log exit          what the command wrote, and its exit code
#   asked             a stop was asked for
set -u
export LC_ALL=C
umask 077
here=${BASH_SOURCE[0]}
piece=524288 # bytes of log in one message

# ------------------------------------------------------------------ the runner: outlives executor and worker

start_time() { # PID
  local stat
  read -r stat <"/proc/$1/stat" && set -- ${stat##*) } && echo "${20}"
}

run() { # FOLDER
  cd "$1" || exit
  exec 9>alive
  flock -n 9 && mv ticket claimed 2>/dev/null || exit
  local name value code
  while IFS= read -r -d '' name && IFS= read -r -d '' value; do
    export "$name=$value"
  done < <(jq -j '.facts.environment | to_entries[] | .key, "\u0000", .value, "\u0000"' spec.json)
  export ANYJOB_RESULT=$1/result
  cd "${HOME:-/}" || cd /
  local script shell
  script=$(jq -r '.spec.script' "$1/spec.json") shell=$(jq -r '.spec.shell' "$1/spec.json")
  setsid "$shell" -c "$script" </dev/null >"$1/log" 2>&1 9>&- &
  echo "$! $(start_time $!)" >"$1/pid.new"
  mv "$1/pid.new" "$1/pid"
  if [ -e "$1/asked" ]; then kill -KILL -- "-$!" || kill -KILL $!; fi 2>/dev/null
  wait $!
  code=$?
  kill -KILL -- "-$!" 2>/dev/null # what it left behind in its group
  echo "$code" >"$1/exit.new"
  mv "$1/exit.new" "$1/exit"
}

if [ "${1-}" = --run ]; then
  run "$2"
  exit
fi

# ------------------------------------------------------------------ what it says

say() { # LINE: whole, also beside those of the followers
  [ -z "$folder" ] || flock 8
  printf '%s\n' "$1" >&3
  [ -z "$folder" ] || flock -u 8
}

answer() { # ID JSON...
  local id=$1
  shift
  say "{\"type\":\"ok\",\"re\":$id${*:+,$*}}"
}

# ------------------------------------------------------------------ following a run until its end

feed() { # RUN FOLDER: what the log has beyond $cursor
  local size part
  size=$(stat -c %s "$2/log" 2>/dev/null) || return
  while [ "$cursor" -lt "$size" ]; do
    part=$((size - cursor < piece ? size - cursor : piece))
    local data
    data=$(tail -c +$((cursor + 1)) "$2/log" | head -c "$part" | base64 -w0)
    cursor=$((cursor + part))
    say "{\"type\":\"log\",\"run\":\"$1\",\"source\":\"log\",\"cursor\":\"$cursor\",\"base64\":\"$data\"}"
  done
}

follow() { # RUN FOLDER CURSOR
  local cursor=$3 over=
  exec 8>"$lock" # a lock of its own: that of the executor is one with its children's
  until [ "$over" ]; do
    flock -s -w 0.3 "$2/alive" true && over=1
    feed "$1" "$2"
  done
  local code outcome outputs='{}' line
  if code=$(cat "$2/exit" 2>/dev/null); then
    line=$(tail -c 65536 "$2/log" | grep -av '^[[:space:]]*$' | tail -n 1)
    if [ -s "$2/result" ]; then outputs=$(jq -c 'objects' "$2/result" 2>/dev/null); fi
    # A shell cannot tell an exit code above 128 from a signal, so it says that.
    outcome=$(printf %s "$line" | jq -Rsc --argjson code "$code" --argjson outputs "${outputs:-"{}"}" \
      '{cause: (if $code == 0 then "succeeded" else "exit_code" end), code: $code, result: ., outputs: $outputs,
        evidence: (if $code > 128 then [{source: "bash", text: "\($code) may stand for a signal"}] else [] end)}')
  else
    outcome='{"cause":"unknown","evidence":[{"source":"runner","text":"it was killed before it could note an exit code"}]}'
  fi
  say "{\"type\":\"result\",\"run\":\"$1\",\"outcome\":$outcome}"
}

# ------------------------------------------------------------------ the requests

start() { # ID LINE RUN
  local dir=$folder/$3
  if jq -e '.secrets != {}' <<<"$2" >/dev/null; then
    say "{\"type\":\"error\",\"re\":$1,\"problems\":[{\"field\":\"XAttrs.secrets\",\"remedy\":\"are not given to jobs of this type; take them out\"}]}"
    return
  fi
  mkdir "$dir" && printf '%s\n' "$2" >"$dir/spec.json" && : >"$dir/alive" && : >"$dir/ticket" || {
    say "{\"type\":\"error\",\"re\":$1,\"message\":\"the run's folder cannot be written\"}"
    return
  }
  setsid bash "$here" --run "$dir" </dev/null >/dev/null 2>&1 3>&- 8>&- &
  until [ -e "$dir/claimed" ]; do # no handle before the runner has the run
    kill -0 $! 2>/dev/null || [ -e "$dir/claimed" ] || {
      rm -rf "$dir"
      say "{\"type\":\"error\",\"re\":$1,\"message\":\"the runner could not be started\"}"
      return
    }
    sleep 0.01
  done
  answer "$1" "\"handle\":{\"run\":\"$3\"}"
  follow "$3" "$dir" 0 &
}

find_run() { # ID RUN
  local dir=$folder/$2
  # Whoever takes the ticket away decides: a runner that comes later finds none, and ends.
  if [ ! -d "$dir" ] || mv "$dir/ticket" "$dir/void" 2>/dev/null || [ ! -e "$dir/claimed" ]; then
    rm -rf "$dir"
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
    say "{\"type\":\"error\",\"re\":$1,\"message\":\"nothing is kept of this run\"}"
  fi
}

stop() { # ID RUN STAGE
  local dir=$folder/$2 pid began strength=ASKED by="signal to the session" signal=TERM
  [ "$3" = FORCE ] && signal=KILL
  if [ -d "$dir" ]; then : >"$dir/asked"; fi
  if [ ! -d "$dir" ] || [ -e "$dir/exit" ]; then
    strength=REPORTED by="the runner noted an exit code"
  elif read -r pid began 2>/dev/null <"$dir/pid" && [ "$(start_time "$pid" 2>/dev/null)" = "$began" ]; then
    kill -$signal -- "-$pid" 2>/dev/null || kill -$signal "$pid" 2>/dev/null
  fi
  answer "$1" "\"stop\":{\"strength\":\"$strength\",\"by\":\"$by\",\"evidence\":[],\"survivors\":[]}"
}

preflight() { # ID SHELL
  if command -v -- "$2" >/dev/null; then
    answer "$1" '"problems":[]'
  else
    answer "$1" "$(jq -nc --arg shell "$2" '[{field: "XAttrs.shell", value: $shell,
      remedy: "is no command here; install it, or name another"}]' | sed 's/^/"problems":/')"
  fi
}

# ------------------------------------------------------------------ the conversation

exec 3>&1 >&2 # only `say` writes to the protocol
folder=
command -v jq >/dev/null || { echo "jq is not installed" >&2; exit 1; }
say '{"type":"hello","protocols":[1],"role":"executor","software":"anyjob-bash 0.1"}'
IFS= read -r welcome || exit
case $(jq -r .type <<<"$welcome") in
  welcome) folder=$(jq -r '.folder // ""' <<<"$welcome") ;; # none where only health is asked for
  *) echo "not welcome: $welcome" >&2; exit 1 ;;
esac

lock=$folder/.say.$$
if [ "$folder" ]; then exec 8>"$lock"; fi
# The worker is gone, or lets go: the followers end, the runs go on.
trap 'rm -f "$lock"; trap "" TERM; kill -TERM 0' EXIT

while IFS= read -r line; do
  { read -r type; read -r id; read -r run; read -r word; } < <(jq -r '.type, (.id // ""), (.run // ""),
    if .type == "stop" then .stage elif .type == "watch" then .cursors.log // 0 else .spec.shell // "" end' <<<"$line")
  case $type in
    start) start "$id" "$line" "$run" ;;
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
