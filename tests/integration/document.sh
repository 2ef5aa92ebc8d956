# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# Runs the examples of a document, so that none of them can become untrue.
# What is taken from it:
#
#   - A fenced block "sh" holds commands, each after "$ " (or "# ", for root;
#     one with an open quote or a backslash at its end goes on in the next
#     line), and what each prints, on both outputs, before the next one. A command must succeed, and
#     print just that: nothing where nothing is shown. A line "..." stands for
#     any lines. What differs from run to run is left out of the comparison;
#     the list is below.
#   - A fenced block with a file's name behind its language is the content of
#     that file in the directory where the commands run.
#
# Commands run in one shell, in the document's order, with functions of that
# shell in place of some programs: curl asks the test's nginx, whatever the
# address in the URL.

document_sed= # changes to the commands, for what cannot be a function

curl()
{
	command curl -sS --path-as-is --max-time $((deadline / 10)) \
	    --unix-socket "$nsock" "$@"
}

scribekv()
{
	command "$SKV_BUILDDIR/cli/scribekv" --unix-socket "$nsock" "$@"
}

# Shell script out of document $1: expect_output and here-documents.
document_script()
{
	perl - "$1" "${1##*/}" <<'EOF'
use strict;
my ($file, $name) = @ARGV;
my ($lang, $out, $command, $expected, $begin, $more);
open(my $in, '<', $file) or die "$file: $!\n";

sub quote { my $s = shift; $s =~ s/'/'\\''/g; return "'$s'"; }

sub unfinished { return $_[0] =~ /\\$/ || ($_[0] =~ tr/'//) % 2; }

sub finish {
	return unless defined $command;
	$more and die "$name:$begin: the command does not end\n";
	print "document_rc=0\n{ $command\n} >\"\$dir/got\" 2>&1 </dev/null " .
	    "|| document_rc=\$?\n";
	print "expect_output " . quote("$name:$begin") .
	    " \$document_rc <<'END_OF_OUTPUT'\n${expected}END_OF_OUTPUT\n";
	$command = undef;
}

while (my $line = <$in>) {
	if (!defined $lang) {
		next unless $line =~ /^```(\w*)[ \t]*(\S*)/;
		$lang = $1;
		next if $2 eq '';
		open($out, '>', $2) or die "$2: $!\n";
	} elsif ($line =~ /^```/) {
		finish();
		close($out) or die "$!\n" if $out;
		$lang = $out = undef;
	} elsif ($out) {
		print $out $line or die "$!\n";
	} elsif ($lang ne 'sh') {
		next;
	} elsif ($more) {
		$command .= $line;
		$more = unfinished($command);
	} elsif ($line =~ /^[\$#] (.*)/s) {
		finish();
		($command, $expected, $begin) = ($1, '', $.);
		$more = unfinished($command);
	} else {
		defined $command or die "$name:$.: output of no command\n";
		$expected .= $line;
	}
}
die "$name: a block does not end\n" if defined $lang;
EOF
}

# Compares what a command printed with standard input. Left out are: the random
# part of entity tags and cursors, request identifiers, checksums, and what
# depends on the time.
expect_output()
{
	cat >"$dir/shown"
	document_n=$((document_n + 1))
	if [ "$2" != 0 ] || ! perl - "$dir/shown" "$dir/got" <<'EOF'
use strict;
sub slurp {
	open(my $in, '<', $_[0]) or die "$_[0]: $!\n";
	local $/;
	my $s = <$in> // '';
	$s =~ s/\r//g;
	$s =~ s/\b(\d+)-[0-9a-f]{8}([rjc])\b/$1-ID$2/g;
	$s =~ s/("cursor": ?"|cursor=)[A-Za-z0-9_-]+/$1CURSOR/g;
	$s =~ s/(checksum )[0-9a-f]{16}\b/$1SUM/g;
	$s =~ s/(X-Request-Id: |request )[0-9a-f]{32}/$1ID/g;
	$s =~ s/("(?:ttl|uptime_seconds|unsynced_ms|expires_ms)": ?|KV-TTL: )\d+/${1}TIME/g;
	$s .= "\n" if $s ne '' && $s !~ /\n\z/;
	return $s;
}
my $want = quotemeta(slurp($ARGV[0]));
$want =~ s/^\\\.\\\.\\\.\\\n/(?:.*\\n)*?/mg;
exit(slurp($ARGV[1]) !~ /\A$want\z/);
EOF
	then
		echo "$self: $1: exit status $2; it prints" >&2
		cat "$dir/got" >&2
		echo "--- but is shown with" >&2
		cat "$dir/shown" >&2
		rm -f "$dir/request"
		fail "$1"
	fi
}

# run_document FILE LEAST: at least LEAST commands are expected to be there.
run_document()
{
	document_n=0
	mkdir -p "$dir/files"
	cd "$dir/files" || exit 99
	document_script "$1" >"$dir/script.in"
	sed "$document_sed" "$dir/script.in" >"$dir/script"
	# shellcheck disable=SC1091
	. "$dir/script"
	[ $document_n -ge "$2" ] || fail "only $document_n commands in $1"
	echo "$self: $document_n commands"
}
