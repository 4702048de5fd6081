# Reads process ids from its standard input until that ends, which also happens when the process that holds the other
# end dies of SIGKILL. Then it ends the process named last and removes the folder. See process-guard.ts.
#
# usage: sh process-guard.sh SIGNAL [FOLDER]
trap '' INT TERM HUP

# A zombie still has an id, but no program: in a container nobody may ever reap it.
alive() { kill -0 "$1" 2>/dev/null && { [ ! -e /proc/self/exe ] || [ -e "/proc/$1/exe" ]; }; }

pid=
while read -r line; do pid=$line; done

if [ -n "$pid" ] && kill "-$1" "$pid" 2>/dev/null; then
  tries=0
  while [ $tries -lt 50 ] && alive "$pid"; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$pid" 2>/dev/null
fi
[ -z "$2" ] || rm -rf "$2"
