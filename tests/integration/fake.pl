# SPDX-License-Identifier: MIT
# A server that behaves badly, for tests of clients: fake.pl SOCKET MODE LOG.
# Each request is a line of the log.
#	drop	reads the request and closes the connection
#	stall	begins an export and stays there
#	cut	begins an export and closes the connection
#	deaf	acknowledges imports, and knows nothing of them afterwards
#	busy	503, and that nothing was done
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $mode, $logfile) = @ARGV;
my $line = qq({"key":"a","value":"1","type":"text/plain"}\n);
my $chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n" .
    "Transfer-Encoding: chunked\r\n\r\n";
my $server = IO::Socket::UNIX->new(Local => $path, Listen => 16)
    or die "$path: $!";
open(my $log, '>>', $logfile) or die "$logfile: $!";
$log->autoflush(1);

sub answer
{
	my ($status, $type, $body) = @_;
	return "HTTP/1.1 $status\r\nContent-Type: $type\r\n" .
	    "Content-Length: " . length($body) . "\r\n\r\n$body";
}

sub chunk
{
	return sprintf("%x\r\n%s\r\n", length($_[0]), $_[0]);
}

# The method and the number of lines in the body; nothing at the end.
sub request
{
	my ($c) = @_;
	my $head = <$c> or return;
	my ($length, $body) = (0, '');
	while (my $field = <$c>) {
		last if $field eq "\r\n";
		$length = $1 if $field =~ /^content-length: *(\d+)/i;
	}
	read($c, $body, $length) == $length or return;
	print $log $head =~ s/ .*//sr, "\n";
	return ($head, scalar(() = $body =~ /\n/g));
}

$SIG{CHLD} = 'IGNORE';
while (my $c = $server->accept) {
	if (fork()) {
		close($c);
		next;
	}
	$c->autoflush(1);
	while (my ($head, $lines) = request($c)) {
		last if $mode eq 'drop';
		if ($mode eq 'busy') {
			print $c answer('503 Busy', 'application/problem+json',
			    '{"detail":"too many","applied":"no"}');
		} elsif ($mode eq 'deaf' && $head =~ /^POST/) {
			print $c answer('200 OK', 'application/json',
			    qq({"status":"ok","imported":$lines}));
		} elsif ($mode eq 'deaf') {
			print $c $chunked, "0\r\n\r\n";
		} else {
			print $c $chunked, chunk($line x 2000);
			last if $mode eq 'cut';
			# Until the client hangs up.
			<$c>;
		}
	}
	exit 0;
}
