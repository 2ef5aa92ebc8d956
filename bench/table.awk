# SPDX-License-Identifier: MIT
# The table of rows in Markdown. A ratio is made round by round, of what was
# measured side by side, and its median shown with the least and the greatest.
# usage: awk -v only="ROW..." -f table.awk rows results.csv

function sort(a, n,    i, j, t)
{
	for (i = 2; i <= n; i++) {
		t = a[i]
		for (j = i - 1; j > 0 && a[j] > t; j--)
			a[j + 1] = a[j]
		a[j + 1] = t
	}
}

# Of a[1..n], which is sorted.
function middle(a, n)
{
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function number(x,    s, digits)
{
	if (x < 10)
		return sprintf("%.2f", x)
	if (x < 100)
		return sprintf("%.1f", x)
	digits = sprintf("%.0f", x)
	for (s = ""; length(digits) > 3; digits = substr(digits, 1, length(digits) - 3))
		s = "," substr(digits, length(digits) - 2) s
	return digits s
}

# The median of what KEY has, with the spread; sets middle_value.
function value(key, factor,    a, n, r, s)
{
	n = 0
	for (r = 1; r <= rounds[key]; r++)
		a[++n] = v[key, r] * factor
	if (n == 0)
		return "not measured"
	sort(a, n)
	middle_value = middle(a, n)
	s = number(middle_value)
	if (n > 1 && middle_value > 0)
		s = s sprintf(" (%+.0f/%+.0f %%)", 100 * (a[1] / middle_value - 1),
		    100 * (a[n] / middle_value - 1))
	return s
}

# Sets ratio, ratio_least and ratio_most; false when there are no two rounds
# to compare.
function compare(a, b, factor,    r, n, list)
{
	n = 0
	for (r = 1; r <= rounds[a] && r <= rounds[b]; r++)
		if (v[b, r] > 0)
			list[++n] = v[a, r] * factor / v[b, r]
	if (n == 0)
		return 0
	sort(list, n)
	ratio = middle(list, n)
	ratio_least = list[1]
	ratio_most = list[n]
	return 1
}

# Whether X is what GOAL says.
function good(x, goal,    f)
{
	split(goal, f, " ")
	return f[1] == ">=" ? x >= f[2] + 0 : x <= f[2] + 0
}

function verdict(x, least, most, goal)
{
	if (goal == "")
		return ""
	if (good(least, goal) != good(most, goal))
		return (good(x, goal) ? "reached" : "missed") ", within the spread"
	return good(x, goal) ? "reached" : "**missed**"
}

function heading()
{
	printf "\n| %-13s | %-66s | %-24s | %-24s | %-19s | %-8s | %s |\n", "row",
	    title, "A", "B", "A/B", "goal", "verdict"
	print "|---|---|---:|---:|---:|---|---|"
}

function row(    f, a, b, factor, goal, sa, sb, sr, judged)
{
	split($0, f, "|")
	a = f[4]
	b = f[5]
	factor = f[6] == "" ? 1 : f[6] + 0
	goal = f[7]
	sa = value(a, factor)
	sb = sr = judged = ""
	if (b != "") {
		sb = value(b, 1)
		if (compare(a, b, factor)) {
			sr = number(ratio)
			if (ratio_least != ratio_most)
				sr = sr " (" number(ratio_least) " to " number(ratio_most) ")"
			judged = verdict(ratio, ratio_least, ratio_most, goal)
		}
	} else if (sa != "not measured") {
		value(a, factor)
		judged = verdict(middle_value, middle_value, middle_value, goal)
	}
	printf "| %-13s | %-66s | %24s | %24s | %19s | %-8s | %s |\n", f[1],
	    f[3], sa, sb, sr, goal, judged
}

FILENAME != ARGV[1] {
	split($0, c, ",")
	key = c[1] "/" c[2] "/" c[3] "/" c[5]
	v[key, c[4]] = c[6]
	if (c[4] + 0 > rounds[key])
		rounds[key] = c[4] + 0
	next
}
{ line[++nlines] = $0 }

END {
	title = "what"
	headed = ""
	for (i = 1; i <= nlines; i++) {
		$0 = line[i]
		if (/^#/) {
			title = substr($0, 3)
			continue
		}
		name = substr($0, 1, index($0, "|") - 1)
		if (only != "" && index(" " only " ", " " name " ") == 0)
			continue
		if (headed != title)
			heading()
		headed = title
		row()
	}
}
