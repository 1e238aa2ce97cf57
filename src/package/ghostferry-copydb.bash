# Completion of ghostferry-copydb for bash. The flags are asked of the program itself.
_ghostferry_copydb() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [[ $word == -* ]]; then
		# shellcheck disable=SC2207 # flags hold no blanks
		COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" -help 2>&1 |
			sed -n 's/^  \(-[a-z-]*\).*/\1/p')" -- "$word"))
	elif [[ $before != -* ]] || "${COMP_WORDS[0]}" -help 2>&1 | grep -q -- "^  $before\( [A-Z]\)\?$"; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY <<<"$(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word")"
	fi
}
complete -F _ghostferry_copydb ghostferry-copydb
