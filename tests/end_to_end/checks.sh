# Sourced by the end-to-end tests: counts checks, and ends with the line that ./check adds up.
passed=0
failed=0
work=$(mktemp -d /tmp/pointsman-test.XXXXXX)
chmod 755 "$work"

pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  printf 'FAILED: %s\n' "$*"
}

# expect WHAT PATTERN COMMAND...: the command succeeds and its output has the pattern.
expect() {
  local what=$1 pattern=$2 output
  shift 2
  if output=$("$@" 2>&1) && grep -qE -- "$pattern" <<<"$output"; then
    pass
  else
    fail "$what: expected '$pattern', got: $output"
  fi
}

# expect_error WHAT CODE PATTERN COMMAND...: the command ends with that code and says what is wrong.
expect_error() {
  local what=$1 code=$2 pattern=$3 output
  shift 3
  output=$("$@" 2>&1)
  local got=$?
  if [ $got -eq "$code" ] && grep -qE -- "$pattern" <<<"$output"; then
    pass
  else
    fail "$what: expected exit code $code and '$pattern', got exit code $got and: $output"
  fi
}

finish() {
  printf '%d passed, %d failed\n' $passed $failed
  [ $failed -eq 0 ]
}
