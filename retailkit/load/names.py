"""What a cell must look like to be a person's name, or a number that a shop gave to its staff; as regular expressions."""

from __future__ import annotations

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
"""China's hundred most frequent surnames: nine in ten persons have one of them."""
PERSON = f"(?:[{SURNAMES}]|欧阳|上官|司马|诸葛|司徒|慕容|夏侯|皇甫)[\u4e00-\u9fff]{{1,2}}"
"""A Chinese name of two or three characters (four after a surname of two)."""
OFFICE = "[部组区店长员管科处队台团列司主家]|经理|总监|主任|助理|专员|导购|顾问|客服|中心|门店"
"""What a post or a department ends with: 陈列, 万店 and 董事长 start like a name and are none."""
STAFF_NUMBER = (
    "[A-Za-z]{0,2}(?:导购|店员|店长|员工|销售|顾问|客服|专员|工号|编号|门店|分店|柜台|店|柜|组|区|部|号|第|"
    "[-0-9_#.:：/()（）　 ])+"
)
"""A number with words around it that name no person (导购07, 3号店员); it must hold a digit."""
LATIN = r"[A-Z][A-Za-z'’.-]*,? [A-Z][A-Za-z'’.-]*(?: [A-Z][A-Za-z'’.-]*)?"
"""Two or three capitalised Latin words: a person's name (Linda Wang), or a post."""
POST = (
    r"(?i)\b(?:manager|director|head|lead|leader|chief|officer|team|department|dept|group|desk|office|store|shop|region|"
    "regional|area|marketing|sales|operations?|ops|service|support|finance|product|digital|growth|data|analytics|"
    "e-?commerce|channels?|retail|guides?|assistant|specialist|consultant|supervisor|executive|president|logistics|"
    "merchandising|warehouse|it|hr|crm|owner|programme|program|account|community|general|customer|content|media|"
    r"training|agency|partner|company|centre|center|china)\b"
)
"""Words of English posts and departments: a cell with one of them names nobody."""
