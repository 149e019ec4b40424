#!/bin/sh
# Runs a program for as long as standard input is open, so that it cannot outlive whoever started it, not even a killed JVM.
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
trap 'kill -9 "$child" 2>/dev/null' EXIT
trap 'exit 143' TERM INT
# Ends the reader when the program ends first, so that its exit is seen at once.
cat <&3 >/dev/null 3<&- &
reader=$!
exec 3<&-
while kill -0 "$child" 2>/dev/null && kill -0 "$reader" 2>/dev/null; do
  sleep 0.2
done
kill "$reader" 2>/dev/null
exit 0
