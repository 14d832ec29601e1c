"""Layer 1: direct identifiers, found by form, check digit and context. None of them can be approved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from itertools import product

from stp_portfolio.privacy.text import Hit, flatten

_TEN_DIGITS = re.compile(
    r"(?<!\d[.,])(?<![A-Za-z\d])(?P<number>\d(?:(?:[^\w\n]{1,4}|_{1,2})?\d){9})(?![\d]|[.,]\d)"
)
# How ten digits are parted where they are one number; any other grouping is a row of numbers.
_GROUPS = {
    (10,),
    (3, 3, 4),
    (1,) * 10,
    (5, 5),
    (3, 7),
    (6, 4),
    (4, 6),
    (4, 3, 3),
    (2, 2, 2, 2, 2),
    (1, 2, 3, 4),
    (3, 3, 2, 2),
}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = (
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth"
    r"|seventeenth|eighteenth|nineteenth|twentieth|twenty-\w+|thirtieth|thirty-first"
)
_DIGIT_WORD = (
    r"oh|nought|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|double|treble|triple"
)
_DATE = re.compile(
    rf"\b(?:{_DAY}(?:st|nd|rd|th)?(?: of)?[ /-]{_MONTH}\b\.?(?:,?[ /-]+'?\d{{2,4}})?"
    rf"|{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?\b(?!\d| ?%)(?:,? \d{{4}})?"
    rf"|{_DAY}([/.-])(?:0?[1-9]|1[0-2])\1(?:\d{{4}}|\d{{2}})"
    r"|(?:19|20)\d{2}[/.-](?:0[1-9]|1[0-2])[/.-](?:0[1-9]|[12]\d|3[01])"
    rf"|(?:{_ORDINAL})(?: day)?(?: of)? {_MONTH}\b"
    r"|\b\d{1,2}[ ./-](?:i{1,3}|iv|vi{0,3}|ix|xi{0,2})[ ./-](?:19|20)?\d{2}"
    r"|the \d{1,2}(?:st|nd|rd|th)(?: of (?:last|this|that|the same|the following|the previous) month| instant| ult)?(?= (?:and|of|at|when|he|she|they|I|we|the|it|with)\b|[.,;]|$))(?!\d|\.\d)",
    re.IGNORECASE,
)
_OWN_DATE = re.compile(
    r"\b(?:completed|signed|signed[ _-]off|assessed|accepted|requested|uploaded|feedback|agreement|induction|appraisal|supervision|dops|cbd|enrolled|attempted|marked|reviewed|approved|logged|written|agreed|drafted|dated|planned|recorded|firmware|build|software|model|revision|rev|submitted|returned|started|due|deadline|as of|as_of|accessed|retrieved|published|updated"
    r"|revised|issued|released|in force|effective|version|milestone|activities|programme|required by|review date|starts?|ends?"
    r"|built|computed|credits|earned|with the assessor|expires?|opens?|closes?|valid|census|financial year|cohort"
    r"|curriculum|guideline|standard|regulations?|came into)\b",
    re.IGNORECASE,
)
_OWN_AFTER = re.compile(
    r"[ ,]*(?:deadline|release|edition|version|cohort|curriculum|at induction|was the deadline)\b",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"\b(?:patients?|he|she|him|her|his|hers|they|them|admitted|died|seen|scanned|born|clinic|ward|mother|father|wife|husband|son"
    r"|daughter|man|woman|boy|girl|child|baby|relatives?|carer|appointment|operation|surgery|collapsed|referred|attended"
    r"|discharged|transferred|theatre|biops\w+|donor|transfusion|reaction|stroke|crash|arrest|happened|took place|bag)\b",
    re.IGNORECASE,
)
_AREAS = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY "
    "HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO "
    "PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
).split()
_POSTCODE = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(sorted(_AREAS, key=len, reverse=True))})\d[A-Z\d]?[ -]{{0,2}}\d[ABD-HJLNP-UW-Z]{{2}}(?![\w])",
    re.IGNORECASE,
)
_NUMBERED = (
    r"hospital|unit|case|clinic|patient|pt|donation|accession|sample|specimen|lab(?:oratory)?|episode|request|order|study|encounter|pathway"
    r"|referral|radiology|exam(?:ination)?|record|registry|trial|participant|subject|spell|attendance|visit|donor|family|pedigree"
    r"|proband|slide|block|biobank|device|implant|bed ?head|district|case ?notes?|folder|web|register|wristband|consignment|tracking|batch order|appointment|booking"
)
_REF = (
    r"(?:numbers?|nos?\.?|num\.?|ids?|identifiers?|ref(?:erence)?s?\.?|codes?|barcodes?|labels?|stickers?|#)"
)
_CODE = r"(?=[A-Z\d/_-]*\d[A-Z\d/_-]*\d[A-Z\d/_-]*\d)[A-Z]{0,5}[/_-]?\d[A-Z\d]*(?:[/_-][A-Z\d]+)*"


@cache  # when they are first asked for: a build with nothing to screen does not wait for them
def _compiled(patterns: tuple[tuple[str, str, int], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, flags)) for kind, pattern, flags in patterns)


# No match without a digit: these are looked for near digits alone, which is a third of a text.
_WITH_DIGITS = (
    ("hospital number", rf"\b(?:{_NUMBERED})(?:'s)?[ _-]{_REF}(?: (?:was|is|of|on|for|read|reads|reading))?\s*[:=#]?\s*[('\"]?{_CODE}\b", re.IGNORECASE),
    ("hospital number", rf"\b(?:mrn|crn|pas|pid|ppid|rxr|ubrn|urn|cris|epr|emr|ecr|hosp|accession|acc|barcode|episode|fin|csn)(?:[ _-]?{_REF})?(?: (?:was|is))?\s*[:=#]?\s*(?=[A-Z/_-]*\d[A-Z\d/_-]{{3}})[A-Z]{{0,4}}[/_-]?\d[A-Z\d/_-]+\b", re.IGNORECASE),
    ("hospital number", r"\b(?:patient|pt|sample|specimen|accession|study|episode|hospital|unit|donor|participant|subject)\s*[:=#]?\s*(?=[A-Z/_-]*\d[A-Z\d/_-]{4})[A-Z]{0,3}[/_-]?\d[A-Z\d/_-]{4,}\b", re.IGNORECASE),
    ("hospital number", rf"\b(?:{_NUMBERED})[ _-]{_REF},?\s*[:=#]?\s*[A-Z]{{0,3}}[ -]?\d(?:[ -]?\d){{4,}}\b", re.IGNORECASE),
    ("hospital number", r"\b(?:folder|case ?notes?|notes|file|chart|packet|envelope|bag|tube|vial)\b[^.\n]{0,25}?\b(?!\d{1,4}\.\d{1,2}\b(?![./-]\d))(?=[A-Z\d./-]*\d{2}[./-])[A-Z]{0,3}\d{2,}(?:[./-][A-Z\d]+)+\b", 0),
    ("NHS number", r"\bnhs (?:number|no)\b[^\n.]{0,60}?\b\d{4,}\b", re.IGNORECASE),
    ("identifier", r"\b(?!(?:CS|BS|RA|PMC|PMID|RFC|CVE|ISO|IEC|EN|BS)\d)[A-Z]{1,3}\d{6,9}[A-Z]?\b", 0),
    ("identifier", r"\b\d{2}[A-Z]{1,2}-?\d{5,9}\b", 0),
    ("identifier", r"\b[A-Z]{1,3}[/-]?\d{2}[/-]\d{4,8}(?:-?[A-Z])?\b", 0),
    ("identifier", r"\b[A-Z]{1,2}\d{2}[/-]\d{4,8}\b", 0),
    ("DICOM UID", r"\b(?<![\d.])(?!1\.2\.840\.10008\.)[0-2](?:\.\d+){7,}\b", 0),
    ("DICOM UID", r"\b2\.25\.\d{10,}", 0),
    ("DICOM UID", r"\b1\.2\.(?:840(?!\.10008)|826|276|392|250|752)(?:\.\d+){2,}", 0),
    ("IP address", r"\b(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}\b", 0),
    ("IP address", r"\b(?:ip|address|workstation|host|server|machine)\b[^.\n]{0,20}?\b(?:\d{1,3}\.){3}\d{1,3}\b", re.IGNORECASE),
    ("date of birth", rf"(?:\bd\.? ?o\.? ?b\b\.?|\bdates? of birth\b|\bbirth ?dates?\b|\bbirthdays?\b|\bborn\b)[^.\n]{{0,25}}?(?:{_DAY}(?:st|nd|rd|th)?[ /.-]|(?:19|20)\d\d|{_MONTH} \d|\d{{6,8}}\b)", re.IGNORECASE),
    ("date of birth", r"\bborn (?:in|on|during)\b[^.\n]{0,25}?\b(?:19|20)\d\d\b", re.IGNORECASE),
    ("address", r"\b\d{1,4}[A-Za-z]?,? (?:[A-Z][\w'-]+ ){1,3}(?:Street|St|Road|Rd|Close|Lane|Ln|Avenue|Ave|Drive|Dr|Way|Court|Crescent|Terrace|Place|Gardens?|Grove|Hill|Row|Square|Mews|Walk|Park|View|Rise|Green|Quay|Parade|Villas|Cottages?)\b", 0),
    ("address", r"\b(?:[Ff]lat|[Aa]partment|[Aa]pt) \d+[A-Za-z]?\b", 0),
    ("phone", r"(?<![\w.-])(?:\+ ?44|0044)[ ()-]{0,2}(?:0\)?)?(?:[ -]?\d){9,10}(?!\d)", 0),
    ("phone", r"(?<![\w.,-])0 ?7(?:[ -]?\d){9}(?!\d)", 0),
    ("phone", r"(?<![\w.,-])\(?0[12378]\d{1,4}\)?(?:[ -]?\d){5,8}(?!\d)", 0),
    ("phone", r"\b(?:ext(?:ension|n)?|bleep(?:ed)?|pager|paged|dect|baton|voip|tel(?:ephone)?|phone|mobile|fax)\b\.?(?: (?:me|him|her|them|on|is|was|number|no\.?|to))*\s*[:#]?\s*(?:on )?\d(?:[ -]?\d){2,}\b", re.IGNORECASE),
    ("phone", r"\b[x#]\d{4,6}\b", 0),
    ("National Insurance number", r"(?<![\w])[A-Z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D](?!\w)", re.IGNORECASE),
    ("passport number", r"\bpassport\b[^.\n]{0,20}?\b[A-Z]?\d{8,9}\b", re.IGNORECASE),
    ("registration number", r"\b(?:hcpc|gmc|nmc|gphc|gdc|rct|ahcs|ipem|rcpath|registration|registered|pin)\b(?:\b(?:[Nn]o|[Rr]ef)\.|[^.\n]){0,25}?\b(?:[A-Z]{1,3}\d{4,7}|\d{6,8}|\d{2}[A-L]\d{4}[A-Z])\b", re.IGNORECASE),
    ("registration number", r"\b(?:CS|BS|RA|PYL|ODP|PH|OT|DT|SL|PO|HAD) ?(?:\d{5,8}|\d{2,3} \d{3})\b", 0),
    ("registration number", r"\breg(?:istration|istered|\.)?(?: (?:no\.?|number|num))?[:.]? \d{6,8}\b", re.IGNORECASE),
    ("registration number", r"\b\d{2}[A-L]\d{4}[A-Z]\b", 0),
    ("staff number", r"\b(?:staff|employee|assignment|payroll|esr|badge|smart ?card|personnel|payslip|trainee)\b(?:\b(?:[Nn]o|[Rr]ef)\.|[^.\n]){0,20}?\b[A-Z]{0,2}\d{5,}(?:-\d+)?\b", re.IGNORECASE),
    ("incident number", r"\b(?:datix|dcir|steis|ulysses|inphase|lfpse|pals|incident|complaint|claim|inquest|safeguarding|never event|serious incident|psii|helpdesk|ticket|rca)\b(?:\b(?:[Nn]o|[Rr]ef)\.|[^.\n]){0,20}?(?=[A-Z]{0,8}[-/ #]{0,2}\d)[A-Z]{0,8}[-/ #]{0,2}\d[\w/-]{3,}", re.IGNORECASE),
    ("incident number", r"\b(?:INC|REQ|CHG|PRB|WEB|SI|DX|CMP|PALS|COM)[-/]?\d{4,}\b", 0),
    ("link with a reference", r"https?://\S*(?:patient|person|case|record|mrn|nhs|ref|token|id|accession|study|session|user)\w*(?:=|/|%3D)[\w-]*\d[\w-]{3,}", re.IGNORECASE),
    ("vehicle", r"\b[A-HJ-PR-Y][A-HJ-PR-Y]\d{2} ?[A-HJ-PR-Z]{3}\b", 0),
    ("vehicle", r"\b(?:car|van|plate|registration|reg|vehicle|drove|motorbike)\b[^.\n]{0,20}?\b[A-Z]{1,2}\d{1,3} ?[A-Z]{3}\b", 0),
    ("position", r"-?\b\d{1,2}\.\d{3,}°?\s?[NS]?\s*,\s*-?\d{1,3}\.\d{3,}", 0),
    ("position", r"\b\d{1,2}°\s?\d{1,2}['′][^,]{0,8}[NS]\b", 0),
    ("age", r"\b(?:[Aa]t|[Aa]ged?|[Tt]urned|[Tt]urning|[Nn]early|[Aa]lmost|[Oo]ver) (?:8\d|9\d|1[01]\d),? (?:the|this|that|his|her|he|she|they|my|and|in|with)\b", 0),
    ("age", r"\b\d{1,3} ?(?:yo|y/o|yrs? old|years of age)\b", re.IGNORECASE),
    ("age", r"\b\d{2,3} ?[MF]\b(?=[ ,;])(?! ?(?:NaCl|HCl|NaOH|KCl))", 0),
    ("date of birth", r"(?:\bd\.? ?o\.? ?b\b\.?|\bdates? of birth\b|\bbirth ?dates?\b)[^\n]{0,45}?\d[\d /.-]{5,}", re.IGNORECASE),
    ("hospital number", r"\b(?:lab|accession|sample|specimen|request)(?:oratory)? (?:no|number|ref)\b[:. ]{0,3}[A-Z]{0,3}[,./-]?\d[\d.,/-]{5,}", re.IGNORECASE),
    ("link with a reference", r"https?://[^\s/]+/(?!10\.)\S*?\d(?:-?\d){5,}\S*", 0),
    ("date of birth", rf"\b{_MONTH} (?:19|20)\d\d\b[^.\n]{{0,20}}?\b(?:date of birth|d\.?o\.?b|born|birth)\b", re.IGNORECASE),
    ("age", r"\b[FM],? ?\d{1,3} ?(?:y|yrs?|years)\b|\b\d{1,3} ?(?:y|yrs?),? [FM]\b", 0),
    ("hospital number", rf"\b(?:{_NUMBERED})[ _-]{_REF}[^.\n]{{0,40}}?\b(?:was|is|read|reads)\b:? [A-Z]{{0,3}}[ -]?\d(?:[ -]?\d){{4,}}\b", re.IGNORECASE),
    ("hospital number", r"\b[Dd]onation\b[^.\n]{0,15}?[A-Z]\d{3}[A-Z\d]?(?: ?\d{2,3}){3}(?: ?\d)?", 0),
    ("age", r"\bage\b(?: ?\((?:years?|yrs)\))? ?[:=] ?\d{1,3}\b(?! ?-|\+| to )", re.IGNORECASE),
    ("position", r"\b\d{1,2}\.\d{3,} ?(?:°|degrees?)? ?(?:N|S|north|south)\b", re.IGNORECASE),
    ("position", r"\b\d{1,3} ?° ?\d{0,2}[^\n]{0,8}[NSEW]\b|\b\d{1,3} ?° ?[NSEW]\b", 0),
    ("position", r"\blat(?:itude)?\b\W{0,3}-?\d{1,2}\.\d{3,}", re.IGNORECASE),
    ("phone", r"\b(?:bleeps?|pagers?|extensions?|internal)\b[^.\n\d]{0,25}\d{3,5}\b", re.IGNORECASE),
    ("IP address", r"\b\d{1,3}(?: ?[\[(] ?(?:dot|\.) ?[\])] ?\d{1,3}){3}\b", re.IGNORECASE),
)  # fmt: skip
_ANYWHERE = (
    ("phone", r"\b(?:(?:oh|nought|zero|one|two|three|four|five|six|seven|eight|nine|double|treble|triple|hundred)[ ,-]+(?:oh[ ,-]+)?){6,}", re.IGNORECASE),
    ("address", r"\b(?:lives?|living|lived|resides?|home|house)\b[^.\n]{0,20}? (?:at|on|in) (?:\d+[A-Za-z]? )?(?:[A-Z][\w'-]+ ){1,3}(?:Street|Road|Close|Lane|Avenue|Drive|Way|Court|Crescent|Terrace|Place|Gardens|Grove|Estate|Farm|Cottage|House)\b", 0),
    ("e-mail", r"[\w.+'-]+(?:@| @ )[\w-]+(?: ?\. ?[\w-]+)+", 0),
    ("e-mail", r"\b[\w.+-]+ ?[\[({<] ?(?:at|@) ?[\])}>] ?[\w-]+(?: ?[\[({<]? ?(?:dot|\.) ?[\])}>]? ?[\w-]+)+", re.IGNORECASE),
    ("e-mail", r"\b[\w.+-]+ at [\w-]+(?: dot [\w-]+)+\b", re.IGNORECASE),
    ("handle", r"(?<![\w./@])@(?!(?:property|staticmethod|classmethod|dataclass|functools|cached?|lru_cache|pytest|given|settings|app|media|import|page|charset|keyframes|article|book|booklet|conference|inbook|incollection|inproceedings|manual|misc|mastersthesis|phdthesis|techreport|online|software|unpublished|override|njit|jit|click|decorator)\b)[A-Za-z]\w{2,}", 0),
    ("login or path", r"[A-Za-z]:\\+(?:users|documents and settings|home)\\+[^\s\\\"'<>|]+", re.IGNORECASE),
    ("login or path", r"(?<![\w.])/(?:home|Users|export/home|mnt/[a-z]/Users)/[^\s/\"'<>|)]+", 0),
    ("login or path", r"\\\\[\w.-]+\\[^\s\"'<>|]+", 0),
    ("login or path", r"\b(?:user ?name|user ?id|user|login|log-?on|log(?:ged)? in as|signed in as|account)\b(?: (?:is|was|name|id))*\s*[:= ]\s*(?=[\w.]*[\d._])[A-Za-z][\w.]{3,}\b", re.IGNORECASE),
    ("initials", r"\binitials?\b[^.\n]{0,15}?\b[A-Z]\.? ?[A-Z]\b", 0),
    ("initials", r"\b(?:[Pp]atient|[Pp]t|[Cc]lient|[Pp]articipant|[Cc]olleague|[Ss]upervisor|[Ss]ervice user)s? [A-Z]\.[A-Z]\.?", 0),
    ("initials", r"(?<![\w.])[A-Z]\.[A-Z]\.(?:[A-Z]\.)?(?=[ ,;)']|$)", 0),
    ("name", r"(?<![\w'])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lady|Rev|Sr|Cllr|Fr)\.? (?:[A-Z]\b|[A-Z][\w'-]+)", 0),
    ("name", r"(?<![\w'])(?:mr|mrs|mx|dr|prof)\.? [a-z][\w'-]{2,}", 0),
    ("name", r"\b(?:Sister|Nurse|Matron|Staff Nurse|Charge Nurse|Baby|Little|Auntie|Uncle|Doctor|Consultant|Registrar|Radiographer|Physicist|Porter|Superintendent|Old|Young|Poor) (?!(?:[A-Z]+|[A-Z][a-z]?)\b)(?!(?:Led|Practitioner|Specialist|Manager|Consultant|In|Of|And|Training|Scientist|Assistant|Lead|Endian)\b)[A-Z][\w'-]+", 0),
    ("name", r"\b[A-Z][A-Z'-]{2,}, (?:[A-Z][a-z]+|(?:MR|MRS|MS|MISS)\b)", 0),
    ("name", r"\b(?:named|called|name is|name was|known as|nicknamed|surname|forename|first name)[ :]+(?!(?:[A-Z]{2,})\b)[A-Z][\w'-]+", 0),
    ("age", r"\b(?:\d{1,3}|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?))[- ](?:year|month|week|day)s?[- ]olds?\b(?![- ](?:system|scanner|server|machine|dataset|report|protocol|linac|computer|version|script|code|camera|software|database|standard|method|device|equipment|paper|study|guideline|tube|detector|analyser))", re.IGNORECASE),
    ("age", r"\b(?:aged?|age of)[ :=]+(?:\d{1,3}|(?:ninety|eighty|one hundred)[\w-]*)\b(?! ?(?:-|to|and (?:over|above|under)|or (?:over|above|under)|years and (?:over|above)))", re.IGNORECASE),
    ("age", r"\b(?:his|her|their) (?:own )?(?:\d{1,3}(?:st|nd|rd|th)|hundredth|(?:one )?hundred[ -]and[ -]\w+|ninet\w+(?:-\w+)?|eight\w+(?:-\w+)?) birthday\b", re.IGNORECASE),
    ("ward or bed", r"\b(?:[Ww]ard|[Bb]ay|[Bb]ed|[Cc]ubicle|[Ss]ide ?room|[Tt]heatre) (?:\d{1,3}[A-Z]?|[A-Z]\d{0,2})\b", 0),
    ("ward or bed", r"\b(?!The |A |An |My |Our |This |Each |Every |That )[A-Z][\w'-]+ (?:[Ww]ard|[Ss]uite|[Uu]nit)\b(?= (?:on|in|at|where|was|for|with|and|to)\b|[.,;])", 0),
    ("hospital or practice", r"\b(?!The |A |An |My |Our |This |Each |Every |That |General |Local |NHS )[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){0,3} (?:Hospital|Infirmary|Hospice|Surgery|Medical Centre|Health Centre|Care Home|Nursing Home|Medical Practice|General Practice|Prison|High School|Primary School|Academy)\b", 0),
    ("singled out", r"\b(?:the |an? )?(?:only|first|youngest|oldest|sole|last)\b[^.\n]{0,60}?\b(?:in|of|on|at) (?:the|our|this) (?:county|country|region|world|uk|united kingdom|city|town|village|area|island|trust|nation|district|borough|north|south|east|west|family)\b", re.IGNORECASE),
    ("singled out", r"\b(?:lord mayor|mayor|councillor|footballer|celebrity|newsreader|weather presenter|television presenter|tv presenter|bishop|archdeacon|chief constable|high sheriff|olympi\w+|paralympi\w+|astronaut|member of parliament|local mp|headteacher|head teacher|lighthouse keeper|town crier|beekeeper|in the (?:local )?(?:news|paper|newspaper)|on (?:the )?(?:local )?(?:radio|television|tv)|famous|well-known (?:local|singer|actor|author|player))\b", re.IGNORECASE),
    ("singled out", r"\bI (?:had )?(?:recognised|recognized|knew) (?:him|her|them)\b", 0),
    ("picture of a person", r"\b(?:photo(?:graph)?s?|screenshots?|picture|image|scan|selfie|video)\b[^.\n]{0,30}?\b(?:of|shows?|showing|with)\b[^.\n]{0,20}?\b(?:patient(?:'s)?|her|his|their|staff|colleague's)\b[^.\n]{0,25}?\b(?:face|banner|name|record|wristband|label|details|tattoo|screen)\b", re.IGNORECASE),
    ("singled out", r"\b(?:only|sole|one) (?:male|female|black|asian|white|muslim|deaf|blind|trans|gay|pregnant|disabled|welsh|polish|nigerian|irish)\b[^.\n]{0,30}?\b(?:in|on|of) (?:the|our)\b", re.IGNORECASE),
    ("date of birth", rf"\bborn\b[^.\n]{{0,30}}?\b(?:{_ORDINAL})\b", re.IGNORECASE),
    ("phone", rf"\b(?:bleep|pager|ext(?:ension)?|internal|number|phone|call|ring|dial)\b[^.\n]{{0,20}}?(?:\b(?:{_DIGIT_WORD})\b[ ,-]*){{4,}}", re.IGNORECASE),
    ("identifier", rf"(?:\b(?:{_DIGIT_WORD})\b[ ,-]*){{5,}}", re.IGNORECASE),
    ("identifier", r"(?<!\w)(?=(?:[A-Za-z\d][ .·•‧∙-]+)*[A-Za-z](?!\w))(?=(?:[A-Za-z\d][ .·•‧∙-]+)*?\d[ .·•‧∙-]+(?:[A-Za-z][ .·•‧∙-]+)*\d)(?:[A-Za-z\d][ .·•‧∙-]{1,2}){5,}[A-Za-z\d](?!\w)", 0),
    ("ward or bed", r"\b(?:bed|bay|ward|cubicle) ?[:=] ?(?!removed|redacted|n/a|none|x+\b)\w+", re.IGNORECASE),
    ("singled out", r"\b(?:town|county|city|village|island|region|country|nation|district|trust|hospital)'s only \w+", re.IGNORECASE),
    ("singled out", r"\b(?:only|sole) (?:\w+ ){1,3}in the (?:national|regional|local|county|city|whole|entire)\b", re.IGNORECASE),
)  # fmt: skip
_NHS_CONTEXT = re.compile(
    r"\b(?:nhs|chi|health ?(?:and|&) ?care|h ?& ?c|patient|hospital|number|no|identifier|id)\b", re.IGNORECASE
)
COUNTED = re.compile(  # 9876543210 events: a quantity
    r"\s(?:events?|counts?|photons?|electrons?|protons?|neutrons?|seconds?|histories|particles?|rows?|bytes|records|reads|cells|molecules|copies"
    r"|samples|images|pixels|voxels|bases|base pairs|variants|decays|disintegrations|becquerels|iterations|simulations|messages|entries|points"
    r"|pounds|parameters|characters|tokens|lines|hits|per|Bq|kBq|Hz)\b"
)
NOT_A_NUMBER = re.compile(
    r"\b(?:isbn(?:-1[03])?|issn|doi|pmid|pmcid|orcid|ean|grant|nct|isrctn|crn)\b\D{0,10}$", re.IGNORECASE
)
_LOT = re.compile(
    r"\b(?:lot|batch|kit|cat(?:alogue)?|part|model|serial)\b\.?(?: (?:no|number|code|numbers)\.?)?[ :#]*$",
    re.IGNORECASE,
)


def modulus_11(digits: str) -> bool:
    """Whether ten digits carry the check digit of an NHS number (the CHI number has the same one).

    The nine digits before it are weighted 10 to 2; eleven minus the sum's remainder is the tenth,
    0 for eleven, and none where it would be ten. Source: NHS Data Dictionary, *NHS NUMBER*.
    """
    check = (
        11 - sum(int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True)) % 11
    )
    return check != 10 and int(digits[9]) == check % 11


def _numbers(flat: str) -> Iterator[tuple[str, int, int]]:
    """NHS and CHI numbers: ten digits with a right check digit, or any ten in their context."""
    for match in _TEN_DIGITS.finditer(flat):
        before = flat[max(0, match.start() - 40) : match.start("number")]
        digits = re.sub(r"\D", "", match["number"])
        groups = tuple(len(group) for group in re.findall(r"\d+", match["number"]))
        named = re.search(r"\b(?:nhs|chi|h ?& ?c)\b", before, re.IGNORECASE) or (
            groups == (3, 3, 4)
            and re.search(r"\bnhs (?:number|no)\b", flat[match.end() : match.end() + 60], re.IGNORECASE)
        )
        if groups not in _GROUPS and not named:
            continue
        if NOT_A_NUMBER.search(before) or len(set(digits)) == 1:
            continue
        counted = (
            match["number"].isdecimal()
            and COUNTED.match(flat, match.end())
            and not _NHS_CONTEXT.search(before)
        )
        if (modulus_11(digits) and not counted) or named:
            yield "NHS number", match.start("number"), match.end("number")
    for match in re.finditer(r"\b\d\.\d{4,9}\s?(?:[Ee]\s?\+?0?|[xX×]\s?10\s?\^?)9\b", flat):
        yield "NHS number", match.start(), match.end()
    for match in re.finditer(
        r"\b(?:nhs|chi)\b[^.\n\d]{0,25}(\d(?:[ ./_\\|-]{0,3}\d){7,10})(?!\d)", flat, re.IGNORECASE
    ):
        yield "NHS number", match.start(1), match.end(1)


def _dates(flat: str, own: frozenset[date]) -> Iterator[tuple[str, int, int]]:
    """Days on which something happened to somebody; the trainee's own dates are no encounters."""
    for match in _DATE.finditer(flat):
        before, after = flat[max(0, match.start() - 60) : match.start()], flat[match.end() : match.end() + 20]
        around = _sentence(flat, match.start(), match.end())
        if _is_own(match[0], own) or (
            (_OWN_DATE.search(before) or _OWN_AFTER.match(after)) and not _PEOPLE.search(around)
        ):
            continue
        yield "date", match.start(), match.end()


def _sentence(flat: str, start: int, end: int) -> str:
    left = max(flat.rfind(mark, 0, start) for mark in (". ", "\n", "? ", "! ", "|"))
    right = min(
        (at for mark in (". ", "\n", "? ", "! ", "|") if (at := flat.find(mark, end)) >= 0), default=len(flat)
    )
    return flat[left + 1 : right]


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def _is_own(text: str, own: frozenset[date]) -> bool:
    """Whether a written day is one of the record's own."""
    iso = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
    words = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]{3})[a-z]* (\d{4})", text)
    try:
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3])) in own
        if words:
            return date(int(words[3]), _MONTHS.index(words[2].lower()) + 1, int(words[1])) in own
    except ValueError:
        pass
    return False


_HARMLESS = re.compile(
    r"\b10\.\d{4,9}/\S+|\bisbn(?:\(?-?1[03]\)?)?[^\d\n]{0,12}\d[\dXx -]{8,16}|\b(?:pmid|pmcid|orcid|issn)\W{0,3}[\dXx-]+"
    # A day that an option of the command or the line of the review meetings is given; the address of a JSON Schema.
    r"|--(?:start|date|as-of|since)[ =]\d{4}-\d\d-\d\d|\breviews = \[[\d, -]*\]|\bhttps://json-schema\.org/draft/[\w/-]+"
    r"|\b(?:127\.0\.0\.1|0\.0\.0\.0|localhost:\d+)\b|\b0(?:3\d\d|80[08])(?:[ -]?\d){4,7}\b|\b116 ?(?:111|123)\b",
    re.IGNORECASE,
)


def _without_harmless(flat: str) -> str:
    """Numbers that are public by their form (DOIs, ISBNs, helplines) blanked out, every character in its place."""
    return _HARMLESS.sub(lambda match: " " * len(match[0]), flat)


_RELATIVE = re.compile(
    r"\b(?:yesterday|today|tonight|this (?:morning|afternoon|evening)|last night|(?:mon|tues|wednes|thurs|fri|satur|sun)day|boxing day|christmas (?:day|eve)|new year's (?:day|eve)|bank holiday|good friday)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?[ap]m\b|\b(?:half|quarter|five|ten|twenty) past\b|\bo'clock\b|\bto (?:one|two|three|four|five)\b"
)


def _encounters(flat: str) -> Iterator[tuple[str, int, int]]:
    """A weekday or *yesterday* with a time of day and a person in one sentence: an encounter."""
    for match in _RELATIVE.finditer(flat):
        around = _sentence(flat, match.start(), match.end())
        if _TIME.search(around) and re.search(
            r"\b(?:patient|fainted|collapsed|died|scanned|seen|admitted|stroke|arrest|happened|he|she|him|her)\b",
            around,
        ):
            yield "date", match.start(), match.end()
    for match in re.finditer(r"\bat (?:about |around )?\d{1,2}[:.]\d{2}\b", flat):
        if re.search(
            r"\b(?:patient|baby|child|woman|man|lady) (?:\w+ ){0,2}?(?:arrested|died|collapsed|fainted|fell|was|had|became|deteriorated)\b|\b(?:stroke|arrest|seizure|birth|death)\b",
            _sentence(flat, match.start(), match.end()),
        ):
            yield "date", match.start(), match.end()


def _near_digits(flat: str) -> list[tuple[int, int]]:
    """The lines that hold a digit, each with the line of text before and after it."""
    lines = [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*\n?", flat)]
    spans: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(lines):
        if _A_DIGIT.search(flat, start, end):
            first, last = lines[max(index - 1, 0)][0], lines[min(index + 1, len(lines) - 1)][1]
            if spans and first <= spans[-1][1]:
                first = spans.pop()[0]
            spans.append((first, last))
    return spans


_A_DIGIT = re.compile(r"\d")


def direct(text: str, own_dates: Iterable[date] = ()) -> list[Hit]:
    """The direct identifiers in a text, in order. ``own_dates`` are the record's own and no encounters."""
    flat, places = flatten(text)
    flat = _without_harmless(flat)
    found: list[tuple[str, int, int]] = [
        *_numbers(flat),
        *_dates(flat, frozenset(own_dates)),
        *_encounters(flat),
    ]
    near = _near_digits(flat)
    found += [
        ("postcode", match.start(), match.end())
        for span in near
        for match in _POSTCODE.finditer(flat, *span)
        if not _LOT.search(flat[max(0, match.start() - 30) : match.start()])
    ]
    for patterns, spans in ((_WITH_DIGITS, near), (_ANYWHERE, [(0, len(flat))])):
        for (kind, pattern), (start, end) in product(_compiled(patterns), spans):
            for match in pattern.finditer(flat, start, end):
                if kind == "phone" and NOT_A_NUMBER.search(flat[max(0, match.start() - 20) : match.start()]):
                    continue
                found.append((kind, match.start(), match.end()))
    hits: list[Hit] = []
    for kind, start, end in sorted(found, key=lambda item: (item[1], -item[2])):
        first, last = places[start], places[end - 1] + 1
        if not hits or first >= hits[-1].end:  # the widest of those that overlap says it
            hits.append(Hit(kind, text[first:last], first, last, direct=True))
    return hits
